"""What carriers, PBXs and people put into the To header, and which number each can mean.

One row per shape: the string, the region of the carrier's national forms, the meanings in order.
"""

US = "+14155550100"
DE = "+493012345678"
UK = "+442079460018"
FR = "+33142685300"

SHAPES: list[tuple[str, str | None, list[str]]] = [
    # E.164, and how far from it carriers write it.
    ("+14155550100", None, [US]),
    ("+493012345678", None, [DE]),
    ("14155550100", None, [US]),
    ("493012345678", None, [DE]),
    ("442079460018", None, [UK]),
    ("33142685300", None, [FR]),
    ("0014155550100", None, [US]),
    ("00493012345678", None, [DE]),
    ("0033142685300", None, [FR]),
    ("01114155550100", None, [US]),
    ("011493012345678", None, [DE]),
    ("011442079460018", None, [UK]),
    ("4155550100", None, [US]),
    # Separators of people and of PBXs.
    ("+1 415 555 0100", None, [US]),
    ("+1-415-555-0100", None, [US]),
    ("+1.415.555.0100", None, [US]),
    ("+1 (415) 555-0100", None, [US]),
    ("(415) 555-0100", None, [US]),
    ("1-415-555-0100", None, [US]),
    ("+49 30 12345678", None, [DE]),
    ("+49/30/12345678", None, [DE]),
    ("+49 (0) 30 12345678", None, [DE]),
    ("+49 (0)30 12345678", None, [DE]),
    ("+44 (0)20 7946 0018", None, [UK]),
    ("00 49 30 123 456 78", None, [DE]),
    ("+49\u201130\u201112345678", None, [DE]),
    ("+49\u00a030\u00a012345678", None, [DE]),
    ("  +14155550100  ", None, [US]),
    ("\t+14155550100\r\n", None, [US]),
    ("\uff0b\uff11\uff14155550100", None, [US]),
    # URIs (RFC 3261, section 19.1; RFC 3966).
    ("sip:+14155550100@sip.example.com", None, [US]),
    ("sips:+14155550100@sip.example.com", None, [US]),
    ("SIP:+14155550100@SIP.EXAMPLE.COM", None, [US]),
    ("sip:14155550100@192.0.2.10:5060", None, [US]),
    ("sip:14155550100@[2001:db8::10]:5060", None, [US]),
    ("sip:+14155550100@sip.example.com;transport=udp", None, [US]),
    ("sip:+14155550100@sip.example.com;user=phone", None, [US]),
    ("sip:+14155550100;npdi=yes@sip.example.com", None, [US]),
    ("sip:+14155550100;rn=+14155550199;npdi@sip.example.com", None, [US]),
    ("sip:+14155550100:secret@sip.example.com", None, [US]),
    ("sip:%2B14155550100@sip.example.com", None, [US]),
    ("sip:%2b493012345678@sip.example.com", None, [DE]),
    ("<sip:+14155550100@sip.example.com>", None, [US]),
    ('"Sales" <sip:+14155550100@sip.example.com>', None, [US]),
    ('"Sales" <sip:+14155550100@sip.example.com>;tag=1f2e', None, [US]),
    ("tel:+14155550100", None, [US]),
    ("tel:+1-415-555-0100", None, [US]),
    ("tel:+49-30-12345678", None, [DE]),
    ("TEL:+14155550100", None, [US]),
    ("tel:+14155550100;ext=12", None, [US]),
    ("tel:4155550100;phone-context=+1", None, [US]),
    ("tel:5550100;phone-context=+1415", None, [US]),
    ("sip:4155550100;phone-context=+1@sip.example.com", None, [US]),
    ("sip:4155550100@sip.example.com;phone-context=+1", None, [US]),
    ("tel:3012345678;phone-context=+49", None, [DE]),
    ("+14155550100;phone-context=example.com", None, [US]),
    # National forms, where the carrier's region is known.
    ("03012345678", "DE", [DE]),
    ("030 12345678", "DE", [DE]),
    ("00493012345678", "DE", [DE]),
    ("02079460018", "GB", [UK]),
    ("0142685300", "FR", [FR]),
    ("4155550100", "US", [US]),
    ("14155550100", "US", [US]),
    # Names and other things: only an alias could match.
    ("sales", None, []),
    ("sip:reception@sip.example.com", None, []),
    ("anonymous", None, []),
    ("", None, []),
    ("*31#", None, []),
    ("911", None, []),
    ("100", None, []),
    ("+0000000000", None, []),
    ("+999", None, []),
    ("sip:@sip.example.com", None, []),
]
"""What else a string could mean (other countries' numbers) may follow, never precede."""
