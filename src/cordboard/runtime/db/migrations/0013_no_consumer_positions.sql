-- Nobody who reads events notes here how far it is: the reconciler looks at everything when it starts.

DROP TABLE outbox_consumer;
