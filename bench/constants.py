"""The constant answers that the ceiling and the bare framework give, as large as real ones."""

CREATE_PATH = "/bench/phone-numbers/create"
GET_PATH = "/bench/phone-numbers/{value}"
NUMBER_TEMPLATE = "/bench/phone-numbers/{phone_number:str}"
OPEN_TEMPLATE = "/bench/open/{phone_number:str}"
OPEN_PATH = "/bench/open/{value}"

_NUMBER = (
    b'"phone_number":"+14157774444","organization_id":"org_0123456789abcdefghijkl",'
    b'"phone_number_pretty":"+1 (415) 777-4444","area_code":415,"nickname":"Customer Service Line",'
    b'"phone_number_type":"zudu-twilio","inbound_agent_id":"agent_abc123",'
    b'"outbound_agent_id":"agent_xyz789","inbound_agent_version":1,"outbound_agent_version":1,'
    b'"inbound_webhook_url":"https://example.com/webhook","number_provider":"twilio",'
    b'"outbound_trunk_id":"ST_4Xo2mZgQsfyQ","created_at":"2024-01-15T10:30:00Z",'
    b'"updated_at":"2024-01-15T10:30:00Z","last_modification_timestamp":1703413636133'
)
_BEFORE = b'{"message":"Phone number created successfully","status":"success","error":null,"data":{'
_EXTENSIONS = (
    b',"inbound_trunk_id":null,"dispatch_rule_id":null,'
    b'"registration_id":"num_0123456789abcdefghijkl","revision":1'
)

CREATED = _BEFORE + _NUMBER + b"}}"
SHOWN = _BEFORE + _NUMBER + _EXTENSIONS + b"}}"
