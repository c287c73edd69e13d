"""Every fault of a network, at every provider, and a process that is killed at every step: nobody twice, nobody lost.

All of them (25 faults, 6 providers, 5 ways to die or live) run with ``MSDIGEST_ALL_FAULTS=1``; the suite takes
each fault with some of them, the providers by turns.
"""

from __future__ import annotations

import os
from itertools import product

import pytest
from tests.contracts.providers import ACCOUNTS
from tests.faults.player import CLIENT_SIDE, KILLS
from tests.faults.stage import PEOPLE, Players, frozen, play
from tests.sinks.engine import AMBIGUOUS, FAULTS, IDLE, UNHEARD

EVERY = (*CLIENT_SIDE, *FAULTS)
# A network's own; the others are the same with a provider that acted, and answers that it gives on purpose.
PLAIN = {*CLIENT_SIDE, *UNHEARD, *AMBIGUOUS, IDLE} - {"status_500"}
DEATHS = ("", *KILLS)


def deaths_of(place, fault):
    """Return which deaths a fault meets in the suite: none, and two by turns; or one."""
    one, other = KILLS[place % len(KILLS)], KILLS[(place + 2) % len(KILLS)]
    return ("", one, other) if fault in PLAIN else (one,)


def cases():
    names = [each.name for each in ACCOUNTS]
    for place, fault in enumerate(EVERY):
        if os.environ.get("MSDIGEST_ALL_FAULTS"):
            yield from product(names, (fault,), DEATHS)
            continue
        for turn, kill in enumerate(deaths_of(place, fault)):
            # So that each provider meets each death.
            yield names[(turn - place) % len(names)], fault, kill


def test_each_provider_meets_each_death() -> None:
    """Also in the few cases of the suite; and each fault is met."""
    met = {(name, kill) for name, _, kill in cases()}

    assert met == set(product((each.name for each in ACCOUNTS), DEATHS))
    assert {fault for _, fault, _ in cases()} == set(EVERY)


@pytest.fixture(scope="module")
def players():
    """The process that divides for each order."""
    with Players() as running:
        yield running


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """Give the site of a provider; each is made once."""
    made = {}

    def site_of(name):
        if name not in made:
            made[name] = frozen(tmp_path_factory.mktemp(name), name)
        return made[name]

    yield site_of
    for site in made.values():
        if site.database:
            site.database.close()


@pytest.mark.parametrize(("name", "fault", "kill"), list(cases()), ids=lambda word: word.replace(" ", "-") or "lives")
def test_nobody_gets_it_twice_and_nobody_is_lost(players, sites, name, fault, kill) -> None:
    """After a fault in the second call and a death in the second batch, another process finishes the issue."""
    played = play(players, sites(name), fault=fault, kill=kill)
    states, accepted = played.states, played.accepted
    taken = {address for address, state in states.items() if state == "accepted"}
    caps = next(each for each in ACCOUNTS if each.name == name).provider().caps

    # A refused key ends the first process before its second batch is settled.
    assert played.ended == [-9 if kill and (fault, kill) != ("status_401", "settled") else 0, 0]
    assert (played.troubles, played.faults) == ([], [])
    assert max(accepted.values()) == 1
    assert len(states) == PEOPLE
    assert set(states.values()) <= {"accepted", "unknown"}
    assert taken <= set(accepted)
    # Who can be asked tells; who takes a call only once is called again.
    assert caps.remembers is None or taken == set(accepted)
    assert caps.repeats is None or len(taken) == PEOPLE
    assert {account.candidates for account in played.accounts} == {PEOPLE}
    assert all(account.closed for account in played.accounts)


def test_without_a_kill_only_doubt_leaves_somebody_unknown(players, sites) -> None:
    """What surely was not sent is sent later: the same people, once."""
    sure = (*CLIENT_SIDE, "early_413", "status_401", "status_429", IDLE)
    for place, fault in enumerate(sure):
        played = play(players, sites(ACCOUNTS[place % len(ACCOUNTS)].name), fault=fault, kill="")

        assert set(played.states.values()) == {"accepted"}
        assert sorted(played.accepted.values()) == [1] * PEOPLE


def test_a_sender_that_guesses_would_be_found_out(players, sites) -> None:
    """The same stage, with a provider that takes every doubt for "not sent": somebody gets it twice."""
    played = play(players, sites("mailgun"), fault="read_then_close acted", kill="", careless=True)

    assert max(played.accepted.values()) == 2


def test_everybody_in_the_account_is_somewhere_at_any_time(players, sites) -> None:
    """It was looked at while calls were under way, not only before and after."""
    played = play(players, sites("mailgun"), fault="read_then_hang", kill="")

    assert any(account.in_flight for account in played.accounts)
    assert any(0 < account.accepted < PEOPLE for account in played.accounts)
