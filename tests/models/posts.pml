/*
 * posts.pml - nexus-x: publish, settle, resume, delete, withdraw.
 * After src/store/post.c, post_claim.c, src/flow/publish/publish.c, deliver.c,
 * reconcile.c, withdraw.c, posts.c; steps and claims from machine.pml.  One X account; posts 0 and 1
 * are user 0's, post 2 is user 1's; all have the same text(s).
 *
 * -DNPROC -DNPOSTS(1..3) -DNPARTS(1,2) -DWITHDRAW(0,1) -DKEYED(0: no keys,
 * 1: posts 0 and 1 have the same key) -DDUP(1: X refuses a text that is live,
 * 2: it may or may not) -DCRASHES -DDBF -DLOSE -DREFUSE -DRESUMES -DREMOVES
 * -DLATER (how many are for later) -DFREEZE (a lease may run out under a
 * living holder, known trouble)
 */
#ifndef NPROC
#define NPROC 2
#endif
#ifndef NPOSTS
#define NPOSTS 2
#endif
#ifndef NPARTS
#define NPARTS 1
#endif
#ifndef WITHDRAW
#define WITHDRAW 0
#endif
#ifndef KEYED
#define KEYED 0
#endif
#ifndef DUP
#define DUP 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef DBF
#define DBF 0
#endif
#ifndef LOSE
#define LOSE 1
#endif
#ifndef REFUSE
#define REFUSE 0
#endif
#ifndef RESUMES
#define RESUMES 1
#endif
#ifndef REMOVES
#define REMOVES 0
#endif
#ifndef BLIND
#define BLIND 0
#endif
#ifndef LATER
#define LATER 0		/* posts that are queued for the worker */
#endif
#define NT 5
#define NFL 2
#define DEAD 9

/* lease_until */
#define LNULL 0
#define LIVING 1
#define OVER 2

typedef Post { byte st; byte goal; byte ow; byte lt; bit due; bit key; bit rel; bit acc;
	byte ps[2]; byte px[2]; byte res[2]; bit was[2]; bit edup[2]; byte ord; byte left[2] };
typedef Tw { bit live; bit gone; bit vis; byte org; bit part; byte par };
typedef Fl { bit on; byte p; bit part; byte par };

Post post[NPOSTS];
Tw tw[NT + 1];		/* ids 1 to NT */
Fl fl[NFL];
byte ntw = 0, ords = 0, lefts = 0;
byte crashes = CRASHES, dbf = DBF, lose = LOSE, refuse = REFUSE;
byte resumes = RESUMES, removes = REMOVES, blinds = BLIND, later = LATER;
bit asked[NPOSTS];	/* its request was made */
bit kept[NPOSTS];	/* X refused its deletion: it stays */
bit told[NPOSTS];	/* its author was told that it was not stored */
byte busy[NPROC];	/* post + 1 that a process is at */
byte bydb = 0;

#define USER(p) (p == 2)
#define FREEP(p) (post[p].lt != LIVING)

#if KEYED && RESUMES == 0
#define WISHES (1 + (NPOSTS == 3 && post[NPOSTS - 1].ord > 0))	/* one key, one post */
#else
#if NPOSTS == 1
#define WISHES 1
#elif NPOSTS == 2
#define WISHES ((post[0].ord > 0) + (post[1].ord > 0))
#else
#define WISHES ((post[0].ord > 0) + (post[1].ord > 0) + (post[2].ord > 0))
#endif
#endif
inline tweet(pp, ii, parent) {
	ntw++; assert(ntw <= NT);
	tw[ntw].live = 1; tw[ntw].org = pp; tw[ntw].part = ii; tw[ntw].par = parent;
	tw[ntw].vis = 0;
	/* no more living copies than there were wishes for one */
	k = 0;
	if :: tw[1].live && tw[1].part == ii -> k++ :: else fi;
	if :: tw[2].live && tw[2].part == ii -> k++ :: else fi;
	if :: tw[3].live && tw[3].part == ii -> k++ :: else fi;
	if :: tw[4].live && tw[4].part == ii -> k++ :: else fi;
	if :: tw[5].live && tw[5].part == ii -> k++ :: else fi;
	if :: k > WISHES -> printf("EV %d living copies, %d wishes: %d for post %d part %d\n", k, WISHES, ntw, pp, ii); assert(false) :: else fi;
	k = 0
}
#define HASTEXT(ii) ((tw[1].live && tw[1].part == ii) || (tw[2].live && tw[2].part == ii) || (tw[3].live && tw[3].part == ii) || (tw[4].live && tw[4].part == ii) || (tw[5].live && tw[5].part == ii))
/* enough quiet: what left of the part has arrived and shows */
#define ARRIVED(pp, ii) (!(fl[0].on && fl[0].p == pp && fl[0].part == ii) && !(fl[1].on && fl[1].p == pp && fl[1].part == ii) && \
	!HIDDEN(1, pp, ii) && !HIDDEN(2, pp, ii) && !HIDDEN(3, pp, ii) && !HIDDEN(4, pp, ii) && !HIDDEN(5, pp, ii))
#define HIDDEN(n, pp, ii) (tw[n].live && !tw[n].vis && tw[n].org == pp && tw[n].part == ii)

#define ALLSENT(p) (post[p].ps[0] == SENT && (NPARTS == 1 || post[p].ps[1] == SENT))
#define ANYSENT(p) (post[p].ps[0] == SENT || (NPARTS == 2 && post[p].ps[1] == SENT))
#define ANYDELETED(p) (post[p].ps[0] == DELETED || (NPARTS == 2 && post[p].ps[1] == DELETED))
#define ANYDOUBT(p) (post[p].ps[0] == SENDING || post[p].ps[0] == UNKNOWN || (NPARTS == 2 && (post[p].ps[1] == SENDING || post[p].ps[1] == UNKNOWN)))
#define HASPART(p, s) (post[p].ps[0] == s || (NPARTS == 2 && post[p].ps[1] == s))

/*
 * States, goals, t_EVENT() and the claims, as src/store/machine_rows.h has
 * them.  A resume and a removal are asked for by its owner, who waits.
 */
#define M_FIRST (i == 0)
#define M_LATER (i > 0)
#define M_LAST last
#define M_MORE (!last)
#define M_ATTENDED attended
#define M_WITHDRAWS WITHDRAW
#define M_DECIDED dec
#define C_ALWAYS(q) true
#define C_SEND(q) (post[q].goal == SEND)
#define C_REMOVE(q) (post[q].goal != SEND)
#define C_DELETE(q) (post[q].goal == DELETE)
#define C_WITHDRAW(q) (post[q].goal == WDRAW)
#define C_NEW(q) (!post[q].acc)
#define C_LIVE(q) ANYSENT(q)
#define C_IDLE(q) (!ANYSENT(q))
#define C_DOUBT(q) ANYDOUBT(q)
#define C_WHOLE(q) ALLSENT(q)
#define C_GONE(q) ANYDELETED(q)
#define SEND G_SEND
#define DELETE G_DELETE
#define WDRAW G_WITHDRAW
#include "machine.pml"

#define STAMP(ii) lefts++; post[p].left[ii] = lefts
inline mend_row() {	/* MEND, on row p */
	if :: ALLSENT(p) -> post[p].st = SENT :: else -> post[p].st = PARTIAL fi;
	post[p].ow = 0; post[p].lt = LNULL;
	if :: !ALLSENT(p) || post[p].goal != SEND -> post[p].due = 1 :: else -> post[p].due = 0 fi
}
/* nx_post_finish(): part i of p to nps, post to nst */
inline t_finish() {
	noted = (post[p].goal == DELETE && (post[p].st == UNKNOWN || post[p].st == SENDING));
	stops = (nst == SENDING && noted);
	if
	:: post[p].ow == mine && post[p].lt != LNULL ->
		if :: relk -> post[p].rel = (post[p].key | post[p].rel); post[p].key = 0 :: else fi;
		post[p].st = (stops -> PARTIAL : nst);
		ours = !stops;
		if :: !noted -> post[p].goal = ngoal :: else fi;
		if :: (keeps || nst == SENDING) && !stops -> post[p].lt = LIVING; post[p].due = 1
		:: else -> post[p].lt = LNULL;
			if :: stops || (noted && ngoal != DELETE) -> post[p].due = 1 :: else -> post[p].due = ndue fi
		fi;
		if
		:: (post[p].ps[i] != SENT || nps == SENT || nps == DELETED) && (post[p].ps[i] != DELETED || nps == DELETED) ->
			if :: post[p].ps[i] == UNKNOWN || nps == UNKNOWN -> post[p].was[i] = 1 :: else fi;
			post[p].ps[i] = nps; post[p].edup[i] = ndup; post[p].res[i] = 0;
			if :: xid != 0 -> post[p].px[i] = xid :: else fi
		:: else
		fi;
		if
		:: nps == SENT && nst == SENDING && post[p].st == SENDING && i + 1 < NPARTS ->
			if :: post[p].ps[1] == WAITING || post[p].ps[1] == FAILED -> post[p].ps[1] = SENDING; STAMP(1) :: else fi
		:: nps != SENT && nps != DELETED && post[p].ps[i] == SENT && post[p].st == nst ->
			mend_row(); ours = 0
		:: else
		fi
	:: else ->
		ours = (post[p].ow == mine && (nst != SENDING || post[p].lt != LNULL));
		if
		:: nps == SENT && xid != 0 && post[p].ps[i] != SENT && post[p].ps[i] != DELETED ->
			post[p].ps[i] = SENT; post[p].px[i] = xid; post[p].edup[i] = 0;
			if :: FREEP(p) -> mend_row() :: else fi
		:: else
		fi
	fi;
	noted = 0; stops = 0
}
/* post_claim.c: about/doubt/go_on/sort_out of post p under lease mine */
inline t_look() {
	if
	:: post[p].ow == mine && post[p].st == UNKNOWN ->
		if :: post[p].ps[0] == SENDING -> post[p].ps[0] = UNKNOWN; post[p].was[0] = 1 :: else fi;
		if :: NPARTS == 2 && post[p].ps[1] == SENDING -> post[p].ps[1] = UNKNOWN; post[p].was[1] = 1 :: else fi
	:: else
	fi;
	if
	:: post[p].ow == mine && post[p].st == SENDING ->
		if
		:: post[p].ps[0] != SENT -> if :: post[p].ps[0] == WAITING || post[p].ps[0] == FAILED -> post[p].ps[0] = SENDING; STAMP(0) :: else fi
		:: NPARTS == 2 && post[p].ps[0] == SENT && post[p].ps[1] != SENT -> if :: post[p].ps[1] == WAITING || post[p].ps[1] == FAILED -> post[p].ps[1] = SENDING; STAMP(1) :: else fi
		:: else
		fi
	:: else
	fi;
	if
	:: post[p].ow == mine && (post[p].st == SENDING || post[p].st == UNKNOWN) && !HASPART(p, post[p].st) ->
		post[p].lt = LNULL;
		post[p].due = (ANYDOUBT(p) || (ANYSENT(p) && post[p].goal != SEND) || (post[p].goal == SEND && !ALLSENT(p) && !ANYDELETED(p)));
		c_PARTS();
		if :: post[p].st == FAILED && !post[p].acc && post[p].goal == SEND -> post[p].due = 0 :: else fi
	:: else
	fi;
	taken = (post[p].ow == mine && post[p].lt == LIVING)
}
/* what is for later is stored first, and queued once that is known */
inline t_accept() {
	if :: !post[p].acc && post[p].st == SENDING -> post[p].acc = 1; post[p].st = QUEUED; post[p].lt = LNULL; post[p].due = 1 :: else fi
}
#define SUPERSEDED(p, o) (post[p].st == FAILED && !ANYSENT(p) && o != p && USER(o) == USER(p) && post[o].ord > post[p].ord && (post[o].st == QUEUED || post[o].st == SENDING || post[o].st == SENT || post[o].st == UNKNOWN || post[o].st == PARTIAL))
#if NPOSTS == 1
#define ISSUP(p) (false)
#define KEYUSED(p) (false)
#else
#define ISSUP(p) (p < 2 && SUPERSEDED(p, (1 - p)))
#define KEYUSED(p) (p < 2 && post[1 - p].key)
#endif
inline t_resume() {
	if
	:: FREEP(p) && post[p].ow != mine && IN_RESUME(p) && (post[p].st == UNKNOWN || post[p].st == SENDING || (!ISSUP(p) && !ANYDELETED(p))) ->
		if :: post[p].st == FAILED -> post[p].acc = 1; told[p] = 0 :: else fi;
		c_RESUME();
		if :: !post[p].key && post[p].rel && !KEYUSED(p) -> post[p].key = 1 :: else fi;
		post[p].ow = mine; post[p].lt = LIVING; post[p].due = 1
	:: else
	fi;
	t_look()
}
inline t_remove() {
	if
	:: post[p].ow != mine && IN_REMOVE(p) && (post[p].st == UNKNOWN || FREEP(p)) ->
		post[p].goal = DELETE;
		if
		:: post[p].st == UNKNOWN -> post[p].due = 1
		:: post[p].st == SENDING -> post[p].ow = mine; post[p].lt = OVER; post[p].due = 1
		:: else -> post[p].ow = mine; post[p].lt = LIVING; post[p].due = 1
		fi;
		c_REMOVE();
		if :: post[p].st == CANCELLED -> post[p].lt = LNULL; post[p].due = 0 :: else fi
	:: else
	fi;
	t_look()
}
inline t_seen_one(o) {
	if
	:: o != p && USER(o) == USER(p) && ((post[o].ps[i] == UNKNOWN && post[o].st == UNKNOWN) || (post[o].ps[i] == FAILED && (post[o].st == FAILED || post[o].st == PARTIAL || post[o].st == CANCELLED) && post[o].was[i] && FREEP(o))) ->
		if :: post[o].st != UNKNOWN -> post[o].ow = 0 :: else fi;
		post[o].st = UNKNOWN; post[o].due = 1; post[o].ps[i] = UNKNOWN; post[o].edup[i] = 1; post[o].was[i] = 1
	:: else
	fi
}
inline t_seen() {
	t_seen_one(0);
#if NPOSTS > 1
	t_seen_one(1);
#endif
#if NPOSTS > 2
	t_seen_one(2)
#endif
}
#define TAKENBY(o, ii, x) ((o != p || ii != i) && (post[o].px[ii] == x || (post[o].ps[ii] == UNKNOWN && post[o].res[ii] == x)))
#define TWIN(o) (o != p && post[o].due && post[o].lt == LIVING && post[o].ps[i] == SENDING)
#if NPOSTS == 1
#define ANYTAKEN(x) (TAKENBY(0, 0, x) || TAKENBY(0, 1, x))
#define ANYTWIN (TWIN(0))
#elif NPOSTS == 2
#define ANYTAKEN(x) (TAKENBY(0, 0, x) || TAKENBY(0, 1, x) || TAKENBY(1, 0, x) || TAKENBY(1, 1, x))
#define ANYTWIN (TWIN(0) || TWIN(1))
#else
#define ANYTAKEN(x) (TAKENBY(0, 0, x) || TAKENBY(0, 1, x) || TAKENBY(1, 0, x) || TAKENBY(1, 1, x) || TAKENBY(2, 0, x) || TAKENBY(2, 1, x))
#define ANYTWIN (TWIN(0) || TWIN(1) || TWIN(2))
#endif
#define ELDER(q) (q != p && (post[q].ps[i] == UNKNOWN || post[q].ps[i] == SENDING) && post[q].left[i] < post[p].left[i])
/* nx_post_reserve_id(): who left earlier and is not settled has the first choice */
inline t_reserve(x) {
	if
	:: ELDER(0) || ELDER((NPOSTS > 1)) || ELDER((NPOSTS - 1)) -> doubt = 1
	:: !(ELDER(0) || ELDER((NPOSTS > 1)) || ELDER((NPOSTS - 1))) && post[p].res[i] != x && ANYTWIN -> doubt = 1
	:: else -> if
		:: post[p].ps[i] == UNKNOWN && !ANYTAKEN(x) -> post[p].res[i] = x; found = x
		:: else
		fi
	fi
}
/* time runs for all: what left before has arrived as well */
#define BEFORE(q, ii) (q == p || post[q].left[ii] > post[p].left[ii] || (ARRIVED(q, ii) && !(post[q].ps[ii] == SENDING && post[q].lt == LIVING)))
#if NPOSTS == 1
#define QUIETP(ii) ARRIVED(p, ii)
#elif NPOSTS == 2
#define QUIETP(ii) (ARRIVED(p, ii) && BEFORE(0, ii) && BEFORE(1, ii))
#else
#define QUIETP(ii) (ARRIVED(p, ii) && BEFORE(0, ii) && BEFORE(1, ii) && BEFORE(2, ii))
#endif
inline rename_owner() {
	if :: post[0].ow == mine -> post[0].ow = DEAD :: else fi;
#if NPOSTS > 1
	if :: post[1].ow == mine -> post[1].ow = DEAD :: else fi;
#endif
#if NPOSTS > 2
	if :: post[2].ow == mine -> post[2].ow = DEAD :: else fi
#endif
}
inline reset() {
	rename_owner(); busy[me] = 0;
	p = 0; i = 0; nps = 0; nst = 0; ngoal = 0; ndue = 0; keeps = 0; relk = 0; xid = 0; ndup = 0;
	ours = 0; taken = 0; tries = 0; attended = 0; seen = 0; old = 0; doubt = 0; found = 0; whole = 0;
	verdict = 0; k = 0; cont = 0; fresh = 0; mode = 0; last = 0; dec = 0
}
#define CRASH atomic { crashes > 0 -> crashes--; printf("EV P%d DIES\n", me); reset(); goto idle }

/* verdicts */
#define V_DONE 1
#define V_UNKNOWN 2
#define V_RETRY 3
#define V_REFUSED 4
#define V_DUP 5

proctype P(byte me)
{
	byte p, nps, nst, ngoal, xid, tries, found, verdict, k, mode;
	byte i, seen, prt;
	byte mine = me + 1;
	bit ndue, keeps, relk, ndup, ours, taken, attended, old, doubt, whole, noted, stops, cont, fresh, last, dec;

end_idle: idle:
	do
	/* a request to post */
	:: atomic { !asked[0] -> asked[0] = 1; p = 0; attended = 1; busy[me] = 1 } goto begin
#if NPOSTS > 1
	:: atomic { asked[0] && !asked[1] -> asked[1] = 1; p = 1; attended = 1; busy[me] = 2 } goto begin
#endif
#if NPOSTS > 2
	:: atomic { !asked[2] -> asked[2] = 1; p = 2; attended = 1; busy[me] = 3 } goto begin
#endif
	:: atomic { resumes > 0 && (post[0].st == FAILED || post[0].st == PARTIAL || post[0].st == UNKNOWN || post[0].st == SENDING) -> resumes--; p = 0; attended = 1; busy[me] = 1 } goto resume
	:: atomic { removes > 0 && post[0].st != NONE && post[0].st != DELETED && post[0].st != CANCELLED -> removes--; p = 0; attended = 1; busy[me] = 1 } goto remove
#if NPOSTS > 1
	:: atomic { resumes > 0 && (post[1].st == FAILED || post[1].st == PARTIAL || post[1].st == UNKNOWN || post[1].st == SENDING) -> resumes--; p = 1; attended = 1; busy[me] = 2 } goto resume
	:: atomic { removes > 0 && post[1].st != NONE && post[1].st != DELETED && post[1].st != CANCELLED -> removes--; p = 1; attended = 1; busy[me] = 2 } goto remove
#endif
#if NPOSTS > 2
	:: atomic { resumes > 0 && (post[2].st == FAILED || post[2].st == PARTIAL || post[2].st == UNKNOWN || post[2].st == SENDING) -> resumes--; p = 2; attended = 1; busy[me] = 3 } goto resume
	:: atomic { removes > 0 && post[2].st != NONE && post[2].st != DELETED && post[2].st != CANCELLED -> removes--; p = 2; attended = 1; busy[me] = 3 } goto remove
#endif
	/* the worker: send */
#define DUE(q) (post[q].due && FREEP(q) && IN_DUE(q))
	:: atomic { DUE(0) -> p = 0 } goto claim_due
#if NPOSTS > 1
	:: atomic { DUE(1) -> p = 1 } goto claim_due
#endif
#if NPOSTS > 2
	:: atomic { DUE(2) -> p = 2 } goto claim_due
#endif
	/* the worker: settle */
#define OPEN(q) (post[q].due && FREEP(q) && IN_OPEN(q))
	:: atomic { OPEN(0) -> p = 0 } goto claim_open
#if NPOSTS > 1
	:: atomic { OPEN(1) -> p = 1 } goto claim_open
#endif
#if NPOSTS > 2
	:: atomic { OPEN(2) -> p = 2 } goto claim_open
#endif
	od;

begin:	/* nx_post_begin() */
	if
	:: atomic {
		if
		:: KEYED && post[p].st == NONE && p < 2 && KEYUSED(p) -> printf("EV P%d post %d: its key was used, a repeat\n", me, p); asked[p] = 1; reset(); goto idle
		:: else
		fi;
		ords++; post[p].ord = ords; post[p].goal = SEND; post[p].key = KEYED; post[p].ow = mine; post[p].due = 1;
		post[p].ps[0] = SENDING; post[p].st = SENDING; post[p].lt = LIVING; post[p].acc = 1;
		lefts++; post[p].left[0] = lefts;

#if NPARTS == 2
		post[p].ps[1] = WAITING;
#endif
#if LATER
		if :: later > 0 -> later--; fresh = 1; post[p].ps[0] = WAITING; post[p].acc = 0 :: skip fi;
#endif
		printf("EV P%d post %d is stored, state %d\n", me, p, post[p].st)
	   }
	:: CRASH
	fi;
	/* its answer was lost and the undo did not come through */
	if
	:: !fresh -> goto deliver
	:: fresh
	:: atomic { dbf > 0 -> dbf--; told[p] = 1; printf("EV P%d post %d: answer of the reservation lost, no undo\n", me, p); reset(); goto idle }
	fi;
	if
	:: atomic { t_accept(); printf("EV P%d accepts post %d, state %d\n", me, p, post[p].st); reset(); goto idle }
	:: atomic { dbf > 0 -> dbf--; printf("EV P%d cannot accept post %d\n", me, p); reset(); goto idle }
	:: CRASH
	fi;

deliver:
	atomic { i = ((post[p].ps[0] == SENT && NPARTS == 2) -> 1 : 0); tries = 0 }
call:
	assert(i < NPARTS);
	assert(!told[p]);	/* nothing is sent of which that was said */
	if
	:: atomic { (DUP == 2 || !HASTEXT(i)) -> prt = post[p].px[0] * i; tweet(p, i, prt); prt = 0; xid = ntw; verdict = V_DONE; printf("EV P%d X creates %d for post %d part %d\n", me, ntw, p, i) }
	:: atomic { DUP >= 1 && HASTEXT(i) -> verdict = V_DUP; printf("EV P%d X says duplicate for post %d part %d\n", me, p, i) }
	:: atomic { lose > 0 && (DUP == 2 || !HASTEXT(i)) -> lose--; prt = post[p].px[0] * i; tweet(p, i, prt); prt = 0; verdict = V_UNKNOWN; printf("EV P%d X creates %d for post %d part %d, answer lost\n", me, ntw, p, i) }
	:: atomic { lose > 0 -> lose--; verdict = V_UNKNOWN; printf("EV P%d no answer for post %d part %d, not done\n", me, p, i) }
	:: atomic { lose > 0 && (!fl[0].on || !fl[1].on) -> lose--; verdict = V_UNKNOWN;
		if :: !fl[0].on -> fl[0].on = 1; fl[0].p = p; fl[0].part = i; fl[0].par = post[p].px[0] * i :: else -> fl[1].on = 1; fl[1].p = p; fl[1].part = i; fl[1].par = post[p].px[0] * i fi;
		printf("EV P%d no answer for post %d part %d, under way in X\n", me, p, i) }
	:: atomic { lose > 0 -> lose--; verdict = V_RETRY; printf("EV P%d post %d part %d did not leave\n", me, p, i) }
	:: atomic { refuse > 0 -> refuse--; verdict = V_REFUSED; printf("EV P%d X refuses post %d part %d\n", me, p, i) }
	:: CRASH
	:: atomic { crashes > 0 && (DUP == 2 || !HASTEXT(i)) -> prt = post[p].px[0] * i; tweet(p, i, prt); prt = 0; crashes--; printf("EV P%d X creates %d for post %d part %d; P DIES\n", me, ntw, p, i); reset(); goto idle }
	fi;
	/* deliver.c: outcome_of() */
	atomic {
		ngoal = SEND; ndup = (verdict == V_DUP); last = (i + 1 == NPARTS); dec = (verdict == V_REFUSED || verdict == V_DUP);
		if :: verdict != V_DONE -> xid = post[p].px[i] :: else fi;
		if
		:: verdict == V_DONE -> t_ACCEPTED()
		:: verdict == V_UNKNOWN || (verdict == V_DUP && (post[p].was[i] || post[p].ps[i] == UNKNOWN)) -> t_LOST()
		:: verdict == V_RETRY -> t_DEFERRED()
		:: else -> t_REFUSED()
		fi;
		last = 0; dec = 0;
		tries = 0; mode = 0
	}
save:
	if
	:: atomic { t_finish(); printf("EV P%d saves post %d part %d=%d post=%d goal=%d -> ours=%d post=%d\n", me, p, i, nps, nst, ngoal, ours, post[p].st) }
	:: atomic { dbf > 0 && tries < 2 -> dbf--; tries++; t_finish(); printf("EV P%d saves post %d part %d=%d, answer lost\n", me, p, i, nps); goto save }
	:: atomic { dbf > 0 -> dbf--; printf("EV P%d cannot save post %d\n", me, p); reset(); goto idle }
	:: CRASH
	fi;
	if
	:: mode == 1 -> goto settled
	:: mode == 2 -> goto removed
	:: else
	fi;
	if
	:: atomic { !ours -> reset(); goto idle }
	:: atomic { ours && verdict == V_DUP -> if :: t_seen() :: dbf > 0 -> dbf-- fi; printf("EV P%d tells the twins of post %d\n", me, p); if :: ngoal == WDRAW -> tries = 0 :: else -> reset(); goto idle fi }
	:: atomic { ours && verdict == V_DONE && i + 1 < NPARTS -> i = 1; xid = 0 } goto call
	:: atomic { ours && verdict == V_DONE && i + 1 < NPARTS -> /* no room: hand over */
		if :: post[p].ow == mine && post[p].lt != LNULL -> post[p].st = QUEUED; post[p].lt = LNULL; post[p].due = 1; if :: post[p].ps[1] == SENDING -> post[p].ps[1] = WAITING :: else fi :: else fi;
		reset(); goto idle }
	:: atomic { ours && verdict != V_DUP && ngoal != WDRAW && !(verdict == V_DONE && i + 1 < NPARTS) -> reset(); goto idle }
	:: atomic { ours && verdict != V_DUP && ngoal == WDRAW -> skip }
	fi;

withdraw:	/* nx_withdraw(): newest first */
	if
	:: atomic { !ANYSENT(p) ->	/* end_without_parts(): put_off to the end state */
		if :: post[p].ow == mine && post[p].lt != LNULL -> post[p].st = (post[p].goal == WDRAW -> FAILED : DELETED); post[p].lt = LNULL; post[p].due = 0;
			if :: post[p].ps[0] == SENDING -> post[p].ps[0] = WAITING :: else fi;
			if :: NPARTS == 2 && post[p].ps[1] == SENDING -> post[p].ps[1] = WAITING :: else fi
		:: else fi;
		reset(); goto idle }
	:: atomic { NPARTS == 2 && post[p].ps[1] == SENT -> i = 1; ngoal = post[p].goal; nst = post[p].st }
	:: atomic { post[p].ps[0] == SENT && !(NPARTS == 2 && post[p].ps[1] == SENT) -> i = 0; ngoal = post[p].goal; nst = post[p].st }
	:: CRASH
	fi;
del:
	if
	:: atomic { tw[post[p].px[i]].live = 0; tw[post[p].px[i]].gone = 1; verdict = V_DONE; printf("EV P%d X deletes %d of post %d\n", me, post[p].px[i], p) }
	:: atomic { lose > 0 -> lose--; tw[post[p].px[i]].live = 0; tw[post[p].px[i]].gone = 1; verdict = V_RETRY }
	:: atomic { lose > 0 -> lose--; verdict = V_RETRY }
	/* what X refuses to delete is looked at: it may be gone already */
	:: atomic { refuse > 0 && !tw[post[p].px[i]].live -> refuse--; verdict = V_DONE; printf("EV P%d X refuses to delete %d, which is gone\n", me, post[p].px[i]) }
	:: atomic { refuse > 0 && tw[post[p].px[i]].live -> refuse--; verdict = V_REFUSED; printf("EV P%d X refuses to delete %d of post %d\n", me, post[p].px[i], p) }
	:: CRASH
	fi;
	atomic {	/* withdraw.c: outcome_of(), by what this process has read of the post */
		xid = 0; ndup = 0; relk = 0; mode = 2; tries = 0;
		last = !(NPARTS == 2 && ((i == 1 && post[p].ps[0] == SENT) || (i == 0 && post[p].ps[1] == SENT)));
		if
		:: verdict == V_DONE -> t_REMOVED()
		:: verdict == V_RETRY -> t_DELAYED()
		:: verdict == V_REFUSED -> t_RETAINED(); kept[p] = 1
		fi;
		last = 0
	} goto save;
removed:
	if
	:: atomic { ours && keeps -> mode = 0 } goto withdraw
	:: atomic { !(ours && keeps) -> reset(); goto idle }
	fi;

resume:
	if
	:: atomic { t_resume(); printf("EV P%d resume of post %d: taken=%d state %d\n", me, p, taken, post[p].st); if :: !taken -> reset(); goto idle :: else fi }
	:: CRASH
	fi;
	if
	:: atomic { post[p].st == SENDING -> taken = 0 } goto deliver
	:: atomic { post[p].st == UNKNOWN -> taken = 0; old = QUIETP(0); if :: NPARTS == 2 && post[p].ps[1] == UNKNOWN -> old = QUIETP(1) :: else fi } goto settle
	fi;

remove:
	if
	:: atomic { t_remove(); printf("EV P%d delete of post %d: taken=%d state %d\n", me, p, taken, post[p].st); if :: !taken -> reset(); goto idle :: else -> taken = 0 fi } goto withdraw
	:: CRASH
	fi;

claim_due:
	if
	:: atomic {
		if :: !DUE(p) -> reset(); goto idle :: else fi;
		c_DUE();
		post[p].ow = mine; post[p].lt = LIVING; post[p].due = 1; busy[me] = p + 1; attended = 0;
		printf("EV P%d worker claims post %d, state %d\n", me, p, post[p].st) }
	fi;
	if
	:: atomic { t_look(); if :: !taken -> reset(); goto idle :: else -> taken = 0 fi }
	:: atomic { dbf > 0 -> dbf--; t_look(); reset(); goto idle }
	:: CRASH
	fi;
	if
	:: post[p].goal == SEND -> goto deliver
	:: else -> goto withdraw
	fi;

claim_open:
	if
	:: atomic {
		if :: !OPEN(p) -> reset(); goto idle :: else fi;
		c_OPEN(); post[p].ow = mine; post[p].lt = LIVING; post[p].due = 1; busy[me] = p + 1; attended = 0 }
	fi;
	if
	:: atomic { t_look(); if :: !taken -> printf("EV P%d sorts out post %d: %d\n", me, p, post[p].st); reset(); goto idle :: else -> taken = 0 fi;
		old = QUIETP(0); if :: NPARTS == 2 && post[p].ps[1] == UNKNOWN -> old = QUIETP(1) :: else fi }
	:: atomic { dbf > 0 -> dbf--; t_look(); reset(); goto idle }
	:: CRASH
	fi;

settle:
	atomic {
		i = ((post[p].ps[0] == UNKNOWN) -> 0 : 1);
		ngoal = post[p].goal;
		if :: i == 1 && (NPARTS == 1 || post[p].ps[1] != UNKNOWN) -> reset(); goto idle :: else fi
	}
	/* one reading of the timeline; a part of a thread tells its parent */
	if
	:: atomic { k = 1; seen = 0; doubt = 0; found = 0; whole = 1;
		do
		:: k <= NT -> if :: tw[k].live && tw[k].vis && tw[k].part == i && (i == 0 || tw[k].par == post[p].px[0]) -> seen = seen | (1 << k) :: else fi; k++
		:: else -> break
		od; k = 1; printf("EV P%d looks for post %d part %d: sees %d, quiet=%d\n", me, p, i, seen, old) }
	:: atomic { blinds > 0 -> blinds--; t_UNSEEN(); xid = 0; ndup = post[p].edup[i]; mode = 1; tries = 0 } goto save
	:: CRASH
	fi;
	do
	:: atomic { found == 0 && k <= NT && (seen & (1 << k)) ->
		if
		:: t_reserve(k)
		/* far younger than the request: only a doubt, unless another's */
		:: tw[k].org != p && !ANYTAKEN(k) -> doubt = 1
		fi; k++ }
	:: atomic { found == 0 && k <= NT && !(seen & (1 << k)) -> k++ }
	:: atomic { found != 0 || k > NT -> break }
	:: CRASH
	od;
	atomic {
		k = 0; seen = 0; xid = found; ndup = post[p].edup[i]; tries = 0; mode = 1; cont = 0;
		last = (i + 1 == NPARTS); dec = post[p].edup[i];
		if
		:: found != 0 -> t_ACCEPTED(); ndup = 0; cont = (nst == SENDING)
		:: found == 0 && !old ->	/* put_off as unknown */
			if :: post[p].ow == mine && post[p].lt != LNULL -> post[p].st = UNKNOWN; post[p].lt = LNULL; post[p].due = 1;
				if :: post[p].ps[i] == SENDING -> post[p].ps[i] = WAITING :: else fi
			:: else fi;
			reset(); goto idle
		:: found == 0 && old && doubt -> t_UNSEEN()
		:: found == 0 && old && !doubt -> t_ABSENT()
		fi;
		last = 0; dec = 0;
		old = 0; doubt = 0; found = 0
	} goto save;
settled:
	if
	:: atomic { ours && cont -> cont = 0; mode = 0 } goto deliver
	:: atomic { !(ours && cont) -> reset(); goto idle }
	fi
}

#if NPROC == 3
#define ALIVE(o) (o == 1 || o == 2 || o == 3)
#define IDLE (busy[0] == 0 && busy[1] == 0 && busy[2] == 0)
#else
#define ALIVE(o) (o == 1 || o == 2)
#define IDLE (busy[0] == 0 && busy[1] == 0)
#endif
#ifdef FREEZE
#define MAYEND(q) (post[q].lt == LIVING)
#else
#define MAYEND(q) (post[q].lt == LIVING && !ALIVE(post[q].ow))
#endif

/* time, and X's own pace */
proctype world()
{
	byte k;
end:	do
	:: atomic { MAYEND(0) -> post[0].lt = OVER; printf("EV lease of post 0 is over\n") }
#if NPOSTS > 1
	:: atomic { MAYEND(1) -> post[1].lt = OVER; printf("EV lease of post 1 is over\n") }
#endif
#if NPOSTS > 2
	:: atomic { MAYEND(2) -> post[2].lt = OVER; printf("EV lease of post 2 is over\n") }
#endif
	:: atomic { fl[0].on -> fl[0].on = 0; if :: DUP == 2 || !HASTEXT(fl[0].part) -> tweet(fl[0].p, fl[0].part, fl[0].par); printf("EV X creates %d late\n", ntw) :: DUP >= 1 && HASTEXT(fl[0].part) -> skip fi; fl[0].p = 0; fl[0].part = 0; fl[0].par = 0 }
	:: atomic { fl[1].on -> fl[1].on = 0; if :: DUP == 2 || !HASTEXT(fl[1].part) -> tweet(fl[1].p, fl[1].part, fl[1].par); printf("EV X creates %d late\n", ntw) :: DUP >= 1 && HASTEXT(fl[1].part) -> skip fi; fl[1].p = 0; fl[1].part = 0; fl[1].par = 0 }
	:: atomic { tw[1].live && !tw[1].vis -> tw[1].vis = 1 }
	:: atomic { tw[2].live && !tw[2].vis -> tw[2].vis = 1 }
	:: atomic { tw[3].live && !tw[3].vis -> tw[3].vis = 1 }
	:: atomic { tw[4].live && !tw[4].vis -> tw[4].vis = 1 }
	:: atomic { tw[5].live && !tw[5].vis -> tw[5].vis = 1 }
	od
}

#define OWNED(x) (HASX(0, x) || HASX(1, x) || HASX(2, x))
#define HASX(q, x) (q < NPOSTS && ((post[q % NPOSTS].ps[0] == SENT && post[q % NPOSTS].px[0] == x) || (NPARTS == 2 && post[q % NPOSTS].ps[1] == SENT && post[q % NPOSTS].px[1] == x)))
#define NDUE(q) (q >= NPOSTS || (!post[q % NPOSTS].due && post[q % NPOSTS].lt != LIVING))
#define REST (IDLE && asked[0] && !fl[0].on && !fl[1].on && NDUE(0) && NDUE(1) && NDUE(2))
#define LOSTTW(x) (tw[x].live && !OWNED(x))
#define TWICE(x) (x != 0 && ((HASX(0, x) && HASX(1, x) && NPOSTS > 1) || (HASX(0, x) && HASX(2, x) && NPOSTS > 2) || (HASX(1, x) && HASX(2, x) && NPOSTS > 2)))
#define GHOST(q) (q < NPOSTS && ((post[q % NPOSTS].ps[0] == SENT && !tw[post[q % NPOSTS].px[0]].live) || (NPARTS == 2 && post[q % NPOSTS].ps[1] == SENT && !tw[post[q % NPOSTS].px[1]].live)))
#define STUCK(q) (q < NPOSTS && (post[q % NPOSTS].st == SENDING || post[q % NPOSTS].st == UNKNOWN || post[q % NPOSTS].st == QUEUED))
#define WISH(q) (q < NPOSTS && post[q % NPOSTS].goal == DELETE && !kept[q % NPOSTS] && ANYSENT((q % NPOSTS)))
#define LIES(q) (q < NPOSTS && ((post[q % NPOSTS].st == SENT && !ALLSENT((q % NPOSTS))) || \
	((post[q % NPOSTS].st == FAILED || post[q % NPOSTS].st == CANCELLED || post[q % NPOSTS].st == DELETED) && ANYSENT((q % NPOSTS))) || \
	(post[q % NPOSTS].st == PARTIAL && !ANYSENT((q % NPOSTS)))))
proctype monitor()
{
end:	do
	:: atomic { REST && (LOSTTW(1) || LOSTTW(2) || LOSTTW(3) || LOSTTW(4) || LOSTTW(5)) -> printf("EV at rest, a live post of X that no post of ours has\n"); assert(false) }
	:: atomic { REST && (TWICE(1) || TWICE(2) || TWICE(3) || TWICE(4) || TWICE(5)) -> printf("EV at rest, two posts of ours say they are one of X\n"); assert(false) }
	:: atomic { REST && (GHOST(0) || GHOST(1) || GHOST(2)) -> printf("EV at rest, `sent' but not live\n"); assert(false) }
	:: atomic { REST && (STUCK(0) || STUCK(1) || STUCK(2)) -> printf("EV at rest in a state without an exit\n"); assert(false) }
	:: atomic { REST && (WISH(0) || WISH(1) || WISH(2)) -> printf("EV at rest, deleted by its owner but live\n"); assert(false) }
	:: atomic { REST && (LIES(0) || LIES(1) || LIES(2)) -> printf("EV at rest, post and parts disagree\n"); assert(false) }
	od
}

init {
	atomic {
		run world(); run monitor();
		run P(0); run P(1);
#if NPROC == 3
		run P(2)
#endif
	}
}
