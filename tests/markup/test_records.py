"""XML that carries records: read by path, hostile documents refused with a reason."""

from __future__ import annotations

import pytest

from msdigest.markup.records import read_records

DOCUMENT = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!-- made by hand --><all xmlns="http://register.example/ns" xmlns:x="http://x.example" total="2">
 <one id=" a "><title>First &amp; <b>last</b></title><x:word/><lines>
  one

two </lines><![CDATA[<raw>]]></one>
 <one id="b"><title>Second</title><title>Second</title><title>Third&#0;&#xd800;</title></one></all>"""


def test_reading() -> None:
    """Words and attributes are found by path, without namespaces, in the order of the document."""
    told = read_records(DOCUMENT.encode())
    first, second = told.all("one")

    assert (told.name, told.attribute("total"), told.attribute("missing")) == ("all", "2", "")
    assert (first.attribute("id"), first.first("title"), first.first("title/b")) == ("a", "First & last", "last")
    assert (first.first("word"), first.first("lines"), first.first("missing/too")) == ("", "one\n\ntwo", "")
    assert first.text.endswith("<raw>")
    assert second.texts("title") == ("Second", "Third")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_encodings(encoding: str) -> None:
    """A byte order mark or the header's word decides, whatever the declaration claims."""
    body = '<?xml version="1.0" encoding="UTF-8"?><a>é</a>'.encode(encoding)

    assert read_records(body, "text/xml; charset=latin-1").text == "é"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "no well-formed XML", id="nothing"),
        pytest.param(b"{}", "no well-formed XML", id="JSON"),
        pytest.param(b"<a><b></a>", "no well-formed XML", id="broken"),
        pytest.param(b"<a><b>", "no well-formed XML", id="cut"),
        pytest.param(b"<a>&nbsp;</a>", "no well-formed XML", id="unknown entity"),
        pytest.param(b"<a>" * 300 + b"</a>" * 300, "no well-formed XML", id="deep"),
        pytest.param(b"<!DOCTYPE HTML><html><p>x</html>", "web page", id="web page"),
        pytest.param(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type", id="entities"),
        pytest.param(b'<?xml version="1.0"?>\n<!-- <a> --><?p i?><!doctype a SYSTEM "file:///etc/passwd"><a/>', "document type", id="after comments"),
        pytest.param('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'.encode("utf-16"), "document type", id="UTF-16"),
        pytest.param(b"<a>" + b"<b/>" * 1_000_001, "more elements", id="many"),
    ],
)  # fmt: skip
def test_refused(body: bytes, reason: str) -> None:
    """What is broken or means harm is refused with the reason."""
    with pytest.raises(ValueError, match=reason):
        read_records(body)


def test_many_attributes() -> None:
    """Many attributes cost no more than their bytes."""
    attributes = " ".join(f'a{number}=">"' for number in range(50_000))

    assert read_records(f"<a {attributes}/>".encode()).attribute("a49999") == ">"
