"""What every route writes: an audit entry with each change, and nothing about another organization."""

from flask import Flask
from sqlalchemy import text

from app import db

from .calls import call, fields_of
from .stored import fingerprint, state
from .table import MAY_NAME, Route
from .world import World


def test_every_write_leaves_an_entry_in_the_audit_trail(world: World, guarded: list[Route], application: Flask) -> None:
    """Found by what is in the tables afterwards, so that a route cannot write and be forgotten."""
    written = []
    before, entries = state(world), _count_audit_entries()
    for route in guarded:
        if route.only_reads:
            continue
        answer = call(world.callers["owner"], world, route, application)
        after = state(world)
        if {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}:
            assert answer.status_code in {200, 201, 202}, (route.name, answer.text)
            now = _count_audit_entries()
            assert now > entries, route.name
            before, entries = after, now
            written.append(route.name)
    assert len(written) > len([route for route in guarded if not route.only_reads]) / 2, written


def test_ids_of_other_organizations_are_refused_in_bodies_and_queries(
    world: World, guarded: list[Route], application: Flask
) -> None:
    """The shop names the stranger's program, partner or organization wherever a field takes one."""
    tried = 0
    with db.transaction() as session:
        before = fingerprint(session, world.organization_ids["stranger"])
    for route in guarded:
        for name in sorted(fields_of(application, route) & world.foreign.keys()):
            if (route.name, name) in MAY_NAME:
                continue
            answer = call(world.callers["owner"], world, route, application, **{name: world.foreign[name]})
            refused = {400, 404} if not route.only_reads else {200, 404}
            assert answer.status_code in refused, (route.name, name, answer.text)
            assert world.foreign[name].rpartition("_")[2] not in answer.text, (route.name, name)
            tried += 1
    with db.transaction() as session:
        assert fingerprint(session, world.organization_ids["stranger"]) == before
    assert tried > 5


def _count_audit_entries() -> int:
    with db.transaction() as session:
        return session.scalars(text("SELECT count(*) FROM audit_entries")).one()
