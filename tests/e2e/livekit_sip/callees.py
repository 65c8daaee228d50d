"""Whom livekit-sip calls: one SIPp that takes every call and does what each number was told to do.

The scenario is written anew, and SIPp started anew, when a number is told something; so that is
done before the call.
"""

import asyncio
import re
from pathlib import Path

from cordboard.simulated.livekit import Dialled, Outcome
from tests.e2e.processes import HOST, free_port

OK = 200
SETTLE_S = 0.3
REASONS = {404: "Not Found", 486: "Busy Here", 503: "Service Unavailable", 603: "Decline"}

_NUMBERS_FROM = 10
"""The first label of a number; below it are those of the frame."""

_DIALLED = re.compile(
    r"^INVITE sip:(?P<to>[^@]+)@.*?^From: .*?<sip:(?P<from>[^@>]+)@.*?^Call-ID: (?P<call>\S+)",
    re.MULTILINE | re.DOTALL,
)

_SDP = """Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
"""
_EMPTY = "Content-Length: 0\n\n"


def _response(status: str, body: str = _EMPTY, *, tag: str = "") -> str:
    is_repeated = "" if status.startswith("180") or not tag else ' retrans="500"'
    return f"""<send{is_repeated}><![CDATA[
SIP/2.0 {status}
[last_Via:]
[last_From:]
[last_To:]{tag}
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:[local_ip]:[local_port]>
{body}]]></send>
"""


_TAG = ";tag=[call_number]u"
_CANCELLED = f"""<send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:]{_TAG}
[last_Call-ID:]
CSeq: [last_cseq_number] INVITE
Content-Length: 0

]]></send>
<recv request="ACK"/>
"""
_BYE = """<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: [$callee]
To: [$caller]
Call-ID: [call_id]
CSeq: 1 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
"""


def _talk(outcome: Outcome) -> str:
    """Return what comes after a 200: a goodbye of the callee's or of the caller's."""
    if outcome.hangs_up_after_s is None:
        return '<recv request="BYE"/>\n' + _response("200 OK")
    return f'<pause milliseconds="{int(outcome.hangs_up_after_s * 1000)}"/>\n{_BYE}'


def _section(label: int, outcome: Outcome) -> str:
    """Return what is done about one number's call, from the 180 on."""
    section = f'<label id="{label}"/>\n' + _response("180 Ringing", tag=_TAG)
    if outcome.status is None:
        section += '<recv request="CANCEL"/>\n' + _response("200 OK") + _CANCELLED
    else:
        section += f'<pause milliseconds="{int(outcome.after_s * 1000)}"/>\n'
        words = "OK" if outcome.status == OK else REASONS[outcome.status]
        body = _SDP if outcome.status == OK else _EMPTY
        section += _response(f"{outcome.status} {words}", body, tag=_TAG)
        section += '<recv request="ACK" rrs="true"/>\n'
        section += _talk(outcome) if outcome.status == OK else ""
    return section + '<nop next="1"/>\n'


def scenario(outcomes: dict[str, Outcome]) -> str:
    """Return the scenario of everybody: whoever is not told otherwise answers."""
    numbers = list(outcomes)
    actions, jumps, sections = "", "", ""
    for position, number in enumerate(numbers):
        label, is_it = _NUMBERS_FROM + position, f"is{position}"
        actions += f'<strcmp assign_to="{is_it}n" variable="number" value="{number}"/>\n'
        actions += f'<test assign_to="{is_it}" variable="{is_it}n" compare="equal" value="0"/>\n'
        jumps += f'<nop next="{label}" test="{is_it}"/>\n'
        sections += _section(label, outcomes[number])
    take = '<ereg regexp="sip:([^@;>]+)@" search_in="hdr" header="To:" assign_to="whole,number"/>'
    keep = (
        '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="caller"/>\n'
        '<ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>\n'
        f'<assignstr assign_to="callee" value="[$to]{_TAG}"/>\n'
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="callees">\n'
        f'<recv request="INVITE" rrs="true"><action>\n{take}\n{keep}{actions}</action></recv>\n'
        f'<nop><action><log message="[$whole] [$caller] [$callee] [$number]"/></action></nop>\n'
        f"{jumps}{_section(2, Outcome())}{sections}"
        '<label id="1"/>\n<nop/>\n</scenario>\n'
    )


class Callees:
    """Everybody who can be called, at one address."""

    def __init__(self, folder: Path) -> None:
        """Take a port; nobody answers before :meth:`start`."""
        self._folder = folder
        self._outcomes: dict[str, Outcome] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._starts = 0
        self.port = free_port()

    async def tell(self, number: str, outcome: Outcome) -> None:
        """Let somebody at a number do this when called."""
        self._outcomes[number] = outcome
        await self.start()

    async def start(self) -> None:
        """Take calls, as everybody was told last."""
        await self.stop()
        self._starts += 1
        file = self._folder / "callees.xml"
        file.write_text(scenario(self._outcomes))
        trace = self._folder / f"callees-{self._starts:03}.log"
        words = ["-sf", str(file), "-i", HOST, "-p", str(self.port), "-nostdin", "-trace_msg"]
        with (self._folder / "callees.out").open("ab") as console:
            self._process = await asyncio.create_subprocess_exec(
                "sipp", *words, "-message_file", str(trace), stdout=console, stderr=console
            )
        await asyncio.sleep(SETTLE_S)

    async def stop(self) -> None:
        """Take no more calls."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def dialled(self) -> list[Dialled]:
        """Every INVITE that came in, in order; repeated sendings of one count once.

        An INVITE does not tell of a room or an identity, so those are empty.
        """
        calls: dict[str, Dialled] = {}
        for trace in sorted(self._folder.glob("callees-*.log")):
            for invite in _DIALLED.finditer(trace.read_text(errors="replace")):
                calls.setdefault(invite["call"], Dialled(invite["to"], invite["from"], "", ""))
        return list(calls.values())
