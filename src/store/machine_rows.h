/*
 * machine_rows.h - the post's state machine, as tables.
 *
 * NX_POST_RULES: what becomes of a post when something has become of one of
 * its parts.  NX_CLAIM_*: what becomes of it when somebody takes its lease.
 * NX_PARTS_SAY: what a post is, as its parts stand.  The first row that fits
 * counts.  C reads them (post_machine.c), SQL is made of them (post_claim.c),
 * and so are docs/state-machine.md and the model (tests/models).
 */
#ifndef NX_STORE_MACHINE_ROWS_H
#define NX_STORE_MACHINE_ROWS_H

/*
 * X(event, goal, where, cond, part, post, goal', next try, key, lease)
 * event: nx_post_event.  goal: of the post, or ANY.  where: the part is the
 * FIRST or a LATER one of its post; it is the LAST one that is to be done, or
 * there are MORE.  cond: ATTENDED (somebody waits for the answer), WITHDRAWS
 * (of a thread that breaks nothing shall stay), DECIDED (X has said no to
 * this very post).  SAME: as it was.  next try: NEVER by itself; NOW; LOOK:
 * in seconds, when X can show it; WAIT: as long as the trouble lasts
 * (src/flow/publish/trouble.c).  key: the Idempotency-Key, RELEASED where the
 * same request may begin anew.  lease: HELD when more follows.
 */
#define NX_POST_RULES(X) \
/* X has it. */ \
X(ACCEPTED,    SEND,     LAST,  ALWAYS,    SENT,    SENT,      SAME,     NEVER, KEPT,     GIVEN) \
X(ACCEPTED,    SEND,     MORE,  ALWAYS,    SENT,    SENDING,   SAME,     NEVER, KEPT,     HELD) \
X(ACCEPTED,    ANY,      LAST,  ALWAYS,    SENT,    SENT,      SAME,     NOW,   KEPT,     GIVEN) \
X(ACCEPTED,    ANY,      MORE,  ALWAYS,    SENT,    PARTIAL,   SAME,     NOW,   KEPT,     GIVEN) \
/* X may have it. */ \
X(LOST,        ANY,      ANY,   ALWAYS,    UNKNOWN, UNKNOWN,   SAME,     LOOK,  KEPT,     GIVEN) \
/* X has it not. */ \
X(LIMITED,     ANY,      FIRST, ALWAYS,    WAITING, QUEUED,    SAME,     WAIT,  KEPT,     GIVEN) \
X(LIMITED,     ANY,      LATER, ALWAYS,    FAILED,  PARTIAL,   SAME,     WAIT,  KEPT,     GIVEN) \
X(DEFERRED,    ANY,      FIRST, ATTENDED,  FAILED,  FAILED,    SAME,     NEVER, RELEASED, GIVEN) \
X(DEFERRED,    ANY,      FIRST, ALWAYS,    WAITING, QUEUED,    SAME,     WAIT,  KEPT,     GIVEN) \
X(DEFERRED,    ANY,      LATER, WITHDRAWS, FAILED,  PARTIAL,   WITHDRAW, NOW,   KEPT,     HELD) \
X(DEFERRED,    ANY,      LATER, ALWAYS,    FAILED,  PARTIAL,   SAME,     WAIT,  KEPT,     GIVEN) \
X(REFUSED,     ANY,      FIRST, DECIDED,   FAILED,  FAILED,    SAME,     NEVER, KEPT,     GIVEN) \
X(REFUSED,     ANY,      FIRST, ALWAYS,    FAILED,  FAILED,    SAME,     NEVER, RELEASED, GIVEN) \
X(REFUSED,     ANY,      LATER, WITHDRAWS, FAILED,  PARTIAL,   WITHDRAW, NOW,   KEPT,     HELD) \
X(REFUSED,     ANY,      LATER, ALWAYS,    FAILED,  PARTIAL,   SAME,     NEVER, KEPT,     GIVEN) \
/* It was looked up: X has it not, even if it once said so (DECIDED). */ \
X(ABSENT,      SEND,     FIRST, DECIDED,   FAILED,  FAILED,    SAME,     NEVER, KEPT,     GIVEN) \
X(ABSENT,      SEND,     FIRST, ALWAYS,    FAILED,  FAILED,    SAME,     NEVER, RELEASED, GIVEN) \
X(ABSENT,      SEND,     LATER, WITHDRAWS, FAILED,  PARTIAL,   WITHDRAW, NOW,   KEPT,     GIVEN) \
X(ABSENT,      SEND,     LATER, DECIDED,   FAILED,  PARTIAL,   SAME,     NEVER, KEPT,     GIVEN) \
X(ABSENT,      SEND,     LATER, ALWAYS,    FAILED,  PARTIAL,   SAME,     WAIT,  KEPT,     GIVEN) \
X(ABSENT,      ANY,      FIRST, DECIDED,   FAILED,  CANCELLED, SAME,     NEVER, KEPT,     GIVEN) \
X(ABSENT,      ANY,      FIRST, ALWAYS,    FAILED,  CANCELLED, SAME,     NEVER, RELEASED, GIVEN) \
X(ABSENT,      ANY,      LATER, ALWAYS,    FAILED,  PARTIAL,   SAME,     NOW,   KEPT,     GIVEN) \
/* Nobody can tell: not yet, not this time, never by looking. */ \
X(TOO_EARLY,   ANY,      ANY,   ALWAYS,    UNKNOWN, UNKNOWN,   SAME,     WAIT,  KEPT,     GIVEN) \
X(UNSEEN,      ANY,      ANY,   ALWAYS,    UNKNOWN, UNKNOWN,   SAME,     WAIT,  KEPT,     GIVEN) \
X(ABANDONED,   ANY,      ANY,   ALWAYS,    UNKNOWN, UNKNOWN,   SAME,     NEVER, KEPT,     GIVEN) \
/* X has deleted it; or not, for now or for good. */ \
X(REMOVED,     ANY,      MORE,  ALWAYS,    DELETED, PARTIAL,   SAME,     NOW,   KEPT,     HELD) \
X(REMOVED,     WITHDRAW, LAST,  DECIDED,   DELETED, FAILED,    SAME,     NEVER, KEPT,     GIVEN) \
X(REMOVED,     WITHDRAW, LAST,  ALWAYS,    DELETED, FAILED,    SAME,     NEVER, RELEASED, GIVEN) \
X(REMOVED,     ANY,      LAST,  ALWAYS,    DELETED, DELETED,   SAME,     NEVER, KEPT,     GIVEN) \
X(DELAYED,     ANY,      ANY,   ALWAYS,    SENT,    SAME,      SAME,     WAIT,  KEPT,     GIVEN) \
X(RETAINED,    ANY,      ANY,   ALWAYS,    SENT,    SAME,      SEND,     NEVER, KEPT,     GIVEN) \
/* Nothing has become of any: there is no time, or nothing to delete. */ \
X(HANDED_OVER, ANY,      ANY,   ALWAYS,    WAITING, QUEUED,    SAME,     NOW,   KEPT,     GIVEN) \
X(INTERRUPTED, ANY,      ANY,   ALWAYS,    SAME,    SAME,      SAME,     NOW,   KEPT,     GIVEN) \
X(EMPTY,       WITHDRAW, ANY,   ALWAYS,    SAME,    FAILED,    SAME,     NEVER, KEPT,     GIVEN) \
X(EMPTY,       ANY,      ANY,   ALWAYS,    SAME,    DELETED,   SAME,     NEVER, KEPT,     GIVEN)

/*
 * X(cond, from, to): who takes a post in state `from` makes it `to`; what is
 * in no row is not taken.  cond: SEND, its goal; REMOVE, another goal; NEW,
 * for later and never accepted; LIVE, IDLE: some part of it is sent, or none.
 */
/* The worker, of what is due. */
#define NX_CLAIM_DUE(X) \
X(SEND,        QUEUED,      SENDING) \
X(SEND,        PARTIAL,     SENDING) \
X(REMOVE,      QUEUED,      PARTIAL) \
X(REMOVE,      PARTIAL,     PARTIAL) \
X(REMOVE,      SENT,        SENT) \
X(REMOVE,      FAILED,      FAILED)
/* The worker, of what nobody knows: the sender's lease has run out, too. */
#define NX_CLAIM_OPEN(X) \
X(ALWAYS,      UNKNOWN,     UNKNOWN) \
X(ALWAYS,      SENDING,     UNKNOWN) \
X(NEW,         QUEUED,      UNKNOWN)
/* Its owner, to go on with it. */
#define NX_CLAIM_RESUME(X) \
X(SEND,        PARTIAL,     SENDING) \
X(SEND,        FAILED,      SENDING) \
X(ALWAYS,      UNKNOWN,     UNKNOWN) \
X(ALWAYS,      SENDING,     UNKNOWN)
/* Its owner, not to wait for the worker. */
#define NX_CLAIM_SEND(X) \
X(SEND,        QUEUED,      SENDING)
/* Its owner, to have it gone. */
#define NX_CLAIM_REMOVE(X) \
X(ALWAYS,      UNKNOWN,     UNKNOWN) \
X(ALWAYS,      SENDING,     UNKNOWN) \
X(LIVE,        QUEUED,      PARTIAL) \
X(IDLE,        QUEUED,      CANCELLED) \
X(IDLE,        FAILED,      CANCELLED) \
X(ALWAYS,      FAILED,      FAILED) \
X(ALWAYS,      PARTIAL,     PARTIAL) \
X(ALWAYS,      SENT,        SENT)

/*
 * X(cond, post): what a post is that was claimed, where its parts leave
 * nothing to send or to look for.  cond: DOUBT, one is sending or unknown;
 * WHOLE, all are sent; LIVE, some are; GONE, one was deleted; WITHDRAW,
 * DELETE, its goal; NEW, never accepted.
 */
#define NX_PARTS_SAY(X) \
X(DOUBT,       UNKNOWN) \
X(WHOLE,       SENT) \
X(LIVE,        PARTIAL) \
X(WITHDRAW,    FAILED) \
X(GONE,        DELETED) \
X(DELETE,      CANCELLED) \
X(NEW,         FAILED) \
X(ALWAYS,      QUEUED)

#endif
