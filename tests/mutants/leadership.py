"""Mistakes of executors that stand for election, and of the fence."""

from bookstore_lib.core.lease import Candidate, Release, Role
from bookstore_lib.runtime.election import Election
from bookstore_lib.runtime.order_store import Settlement
from bookstore_lib.runtime.postgres_store import PostgresOrderStore
from bookstore_lib.runtime.redis_lease import LOCK_KEY, WAKE_CHANNEL, RedisLease
from tests.mutants.swap import instead_of, instead_settled_by


def fence_off():
    """Settling looks neither at the epoch nor at what another has settled meanwhile."""

    @instead_of(PostgresOrderStore, "__init__")
    def begin(right, store, database, seal, *, fenced):
        right(store, database, seal, fenced=False)


def fence_without_epoch():
    """Settling looks at whether the order is settled, but not at the epoch."""

    @instead_settled_by(PostgresOrderStore)
    def settle(right, store, ending):
        if store.load(ending.order_id).outcome is not None:
            return Settlement.ALREADY
        store._fenced = False
        return right(ending)


def renew_without_look():
    """Renewing sets the lock, whoever holds it."""

    @instead_of(RedisLease, "renew")
    def renew(_right, lease, holder, ttl):
        return bool(lease._client.set(LOCK_KEY, holder, px=round(ttl * 1000)))


def release_without_look():
    """Whoever is demoted releases the lock, whoever holds it by then."""

    @instead_of(RedisLease, "release")
    def release(_right, lease, holder):
        lease._client.delete(LOCK_KEY)
        lease._client.publish(WAKE_CHANNEL, holder)
        return True

    @instead_of(Candidate, "_demote")
    def demote(right, candidate, now, reason):
        return [*right(candidate, now, reason), Release()]


def no_self_demotion():
    """Once elected, an executor leads until it is stopped."""

    @instead_of(Candidate, "leads")
    def leads(_right, candidate, _now):
        return candidate.epoch is not None

    @instead_of(Candidate, "_demote")
    def demote(_right, candidate, now, _reason):
        candidate.role, candidate.wake_at = Role.LEADING, now + candidate.renew_every
        candidate._believes_until = float("inf")
        return []


def epoch_from_redis():
    """Redis, which may forget, counts the epochs; the record only takes note."""

    @instead_of(Election, "__init__")
    def begin(right, election, candidate, lease, take_epoch, *others, **named):
        database = take_epoch.__self__._database

        def count(holder):
            epoch = lease._client.incr("epoch")
            database.query("UPDATE leadership SET epoch = %s", (epoch,))
            statement = "INSERT INTO epochs VALUES (%s, %s, nextval('effects')) ON CONFLICT DO NOTHING"
            database.query(statement, (epoch, holder))
            return epoch

        right(election, candidate, lease, count, *others, **named)
