"""Two messages beside each other, and what differs between them."""

from __future__ import annotations

import pytest
from tests.web.editing import page_of, words

from msdigest.web.desk.comparing import Difference, differences, only_in
from msdigest.web.desk.editions import Edition
from msdigest.web.preview import Wanted, preview


@pytest.fixture
def look(app, issue):
    """Return a function that makes a message."""
    edition = Edition(app, issue, anew=False)
    return lambda who, **more: preview(app, edition, Wanted(who, **more))


def test_what_one_alone_has_is_told_by_title(look, who) -> None:
    """In the order of print, for each of the two."""
    ada, cy = look(who["ada"]), look(who["cy"])

    assert only_in(ada, cy) == ("Ocrelizumab: larger dose no better",)
    assert only_in(cy, ada) == (
        "Vaccines before an infusion: what to ask <your> team",
        "Fatigue & how to budget a day",
    )
    assert only_in(ada, ada) == ()


def test_slots_that_differ_are_told_with_both_values(look, who) -> None:
    """Variant, size, counts and the words to somebody; the link to leave is everybody's own and no difference."""
    found = {each.what: each for each in differences(look(who["ada"]), look(who["cy"]))}

    assert found["Variant"] == Difference("Variant", "en.large", "en.low-glare")
    assert found["Greeting"] == Difference("Greeting", "Hello Ada,", "Hello Cy Łucja,")
    assert found["Line of counts"].first.startswith("1 new entry")
    assert found["Line of counts"].second.startswith("2 new entries")
    assert {"HTML part", "Preheader", "Why you get it"} - found.keys() == {"Why you get it"}
    assert "/leave/" not in str(found)


def test_a_message_does_not_differ_from_itself(look) -> None:
    """Nothing is told where nothing is."""
    assert differences(look("largest"), look("largest")) == ()


def test_both_stand_on_the_page(issue, ask_editor, who) -> None:
    """Two frames, each with its address, what differs, and the way back to one."""
    page = page_of(
        ask_editor("GET", f"/issue/1?who={who['ada']}&with=topics&with_topics=fatigue&with_variant=en.large&width=375")
    )
    told = words(page.find(".//div[@class='differences']"))

    assert page.xpath("//iframe/@src") == [
        f"/issue/1/html?who={who['ada']}",
        "/issue/1/html?who=topics&topics=fatigue&variant=en.large",
    ]
    assert "Only for topics fatigue · en.large Fatigue & how to budget a day" in told
    assert page.xpath("//div[@class='differences']//a/@href") == [f"?who={who['ada']}&width=375#message"]
    assert page.xpath("//select[@id='with']/optgroup/option[@selected]/@value") == ["topics"]
    assert page.xpath("//input[@id='with_topics']/@value") == ["fatigue"]
    assert page.xpath("//nav[@class='tools']//a[.='320 px']/@href") == [
        f"?who={who['ada']}&with=topics&with_topics=fatigue&with_variant=en.large&width=320#message"
    ]


def test_one_that_cannot_be_shown_leaves_the_other(issue, ask_editor, who) -> None:
    """With the reason why."""
    reply = ask_editor("GET", f"/issue/1?who={who['ada']}&with=somebody@reader.example")
    page = page_of(reply)

    assert reply.status_code == 200
    assert len(page.xpath("//iframe")) == 1
    assert "Nobody with that id ever subscribed" in words(page.get_element_by_id("notices"))
    assert "reader.example" not in reply.text
