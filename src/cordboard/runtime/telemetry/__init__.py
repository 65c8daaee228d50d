"""What an operator sees from outside: metrics and logs."""
