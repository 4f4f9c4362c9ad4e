/*
 * tokens.pml - nexus-x: refresh, connect, disconnect, rescue replay, revocation.
 * One X account, two Nexus users (rows 0 and 1), hosts 0 and 1.
 * After src/store/lease.c, src/flow/account/renewal.c, keep.c, src/store/rescue.c,
 * src/flow/account/connect.c, pending.c, src/store/grant.c, pending.c,
 * src/flow/account/disconnect.c, src/store/revocation.c.  Time is T.
 *
 * -DNPROC -DLOGINS -DDISCS -DREFRESHES -DCRASHES -DDBF -DTMAX -DLATE
 * -DROW1=1   row 1 is connected at the start in place of row 0
 * -DFREEZE   a lease may run out while its holder is in a call (known trouble)
 * -DNAMED    X always names the account: nothing waits in x_pending
 * -DBEFORE   as it was: logins are ordered by a claim that is rounded up, may
 *            overlap, and what loses is not parked
 */
#ifndef NPROC
#define NPROC 2
#endif
#ifndef LOGINS
#define LOGINS 2
#endif
#ifndef DISCS
#define DISCS 1
#endif
#ifndef REFRESHES
#define REFRESHES 2
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef DBF
#define DBF 1
#endif
#ifndef TMAX
#define TMAX 2
#endif
#ifndef LATE
#define LATE 0
#endif
#ifndef LOSE
#define LOSE 1		/* answers of X that may be lost */
#endif
#define NF 3
#define NR 5
#define NU 2
#define MAXP 8

#define ABSENT 0
#define CONN 1
#define REAUTH 2
#define SUPER 3
#define DISC 4

/* What a file holds. */
#define K_GRANT 0
#define K_PAIR 1
#define K_RENEWED 2	/* a pair for what waits */

typedef Row { byte st; byte pair; byte ver; byte granted; byte hash; byte by;
	byte owner; bit lease; bit att; bit susp; bit refused; byte upd };
typedef File { bit used; byte host; byte kind; byte u; byte pair; byte first;
	byte granted; byte ver; byte owner; bit lock };
/* x_pending: one row is enough to meet everything else. */
typedef Pend { bit used; byte u; byte pair; byte first; byte granted;
	byte claimed; byte ver; bit lease; byte owner };
typedef Park { bit used; byte pair; byte created; byte u };

Row row[NU];
File file[NF];
Park park[NR];
Pend pend;
bit open[NU];		/* an attempt of the user's has been claimed */
byte live = 1;		/* the refresh token that lives at X */
byte npairs = 1;
byte nown = 0;
byte T = 0;
bit kept[MAXP];		/* it was on disk once */
byte hold[NPROC];	/* a living process has it in hand */
byte incall[NPROC];	/* token it waits for an answer about */
byte leaseof[NPROC];	/* lease owner id while a refresh runs */
byte logins = LOGINS, discs = DISCS, refreshes = REFRESHES;
byte crashes = CRASHES, dbf = DBF, lose = LOSE;
byte latetok = 0;	/* a request that X carries out later */
byte lateq = LATE;
byte xclock = 0;	/* order of exchanges at X */

#define HELD(p) ((row[0].pair == p && (row[0].st == CONN || row[0].st == REAUTH)) || \
	(row[1].pair == p && (row[1].st == CONN || row[1].st == REAUTH)) || \
	(file[0].used && file[0].pair == p) || (file[1].used && file[1].pair == p) || \
	(file[2].used && file[2].pair == p) || \
	(pend.used && pend.pair == p) || \
	(park[0].used && park[0].pair == p) || (park[1].used && park[1].pair == p) || \
	(park[2].used && park[2].pair == p) || (park[3].used && park[3].pair == p) || (park[4].used && park[4].pair == p) || INHAND(p))
#if NPROC == 2
#define INHAND(p) (hold[0] == p || hold[1] == p)
#define BUSYWITH(p) (incall[0] == p || incall[1] == p)
#define BUSYHOLDER(o) ((leaseof[0] == o && incall[0] != 0) || (leaseof[1] == o && incall[1] != 0))
#else
#define INHAND(p) (hold[0] == p || hold[1] == p || hold[2] == p)
#define BUSYWITH(p) (incall[0] == p || incall[1] == p || incall[2] == p)
#define BUSYHOLDER(o) ((leaseof[0] == o && incall[0] != 0) || (leaseof[1] == o && incall[1] != 0) || (leaseof[2] == o && incall[2] != 0))
#endif

/* X */
inline x_grant() { npairs++; live = npairs; got = npairs; hold[me] = got }

/* store: a pair into x_revocations */
inline do_park(p, uu) {
	if	/* a second row for the same token changes nothing: left out */
	:: (park[0].used && park[0].pair == p) || (park[1].used && park[1].pair == p) || (park[2].used && park[2].pair == p) || (park[3].used && park[3].pair == p) || (park[4].used && park[4].pair == p) -> skip
	:: else -> if
	:: !park[0].used -> park[0].used = 1; park[0].pair = p; park[0].created = T; park[0].u = uu
	:: else -> if
		:: !park[1].used -> park[1].used = 1; park[1].pair = p; park[1].created = T; park[1].u = uu
		:: else -> if
			:: !park[2].used -> park[2].used = 1; park[2].pair = p; park[2].created = T; park[2].u = uu
			:: else -> if
				:: !park[3].used -> park[3].used = 1; park[3].pair = p; park[3].created = T; park[3].u = uu
				:: else -> assert(!park[4].used); park[4].used = 1; park[4].pair = p; park[4].created = T; park[4].u = uu
				fi
			fi
		fi
	fi fi
}
inline new_file(k) {
	if
	:: !file[0].used -> f = 0
	:: else -> if :: !file[1].used -> f = 1 :: else -> assert(!file[2].used); f = 2 fi
	fi;
	file[f].used = 1; file[f].host = host; file[f].kind = k; file[f].u = u;
	file[f].pair = got; file[f].first = first; file[f].granted = claimed; file[f].ver = seen;
	file[f].owner = mine; file[f].lock = 1; kept[got] = 1
}
inline del_file() {
	file[f].used = 0; file[f].host = 0; file[f].kind = 0; file[f].u = 0; file[f].pair = 0; file[f].first = 0;
	file[f].granted = 0; file[f].ver = 0; file[f].owner = 0; file[f].lock = 0
}
inline forget_one(i) {
	if :: park[i].used && park[i].created < claimed ->
		park[i].used = 0; park[i].pair = 0; park[i].created = 0; park[i].u = 0
	:: else fi
}
/* What was left alone since before the claim X has ended with the login. */
inline park_row(o) {
#ifndef BEFORE
	if
	:: row[o].pair != 0 && row[o].pair != got && row[o].upd >= claimed -> pk = row[o].pair; do_park(pk, o); pk = 0
	:: else
	fi
#else
	skip
#endif
}
inline supersede(o) {
	if
	:: o == u && row[o].pair == got -> do_park(got, o)
	:: else -> park_row(o)
	fi;
	row[o].st = SUPER; row[o].pair = 0; row[o].ver++; row[o].owner = 0;
	row[o].lease = 0; row[o].att = 0; row[o].upd = T
}
#ifdef BEFORE
#define ORDER claimed
#else
#define ORDER seen	/* when the answer was there */
#endif
inline drop_pend() {
	pend.used = 0; pend.u = 0; pend.pair = 0; pend.first = 0; pend.granted = 0;
	pend.claimed = 0; pend.ver = 0; pend.lease = 0; pend.owner = 0
}
/* grant.c, in one transaction; `pver` 0: not from x_pending */
inline t_save_grant() {
	if
	:: pver != 0 && !(pend.used && pend.first == first && pend.ver == pver && pend.owner == me + 1) -> skip	/* it has gone, moved on, or another is at it */
	:: else ->
		if
		:: row[u].st == ABSENT || !(row[u].granted > ORDER || row[u].hash == first) ->
			if :: row[u].st != ABSENT -> park_row(u) :: else fi;
			row[u].st = CONN; row[u].pair = got; row[u].ver++; row[u].granted = ORDER;
			row[u].hash = first; row[u].by = 0; row[u].owner = 0; row[u].lease = 0;
			row[u].att = 0; row[u].susp = 0; row[u].refused = 0; row[u].upd = T
		:: else ->
#ifndef BEFORE
			if :: row[u].hash != first -> do_park(got, u) :: else fi
#else
			skip
#endif
		fi;
		if
		:: row[0].st == CONN && row[1].st == CONN ->
			if
			:: row[0].granted > row[1].granted -> supersede(1)
			:: row[1].granted > row[0].granted -> supersede(0)
			:: else -> if :: u == 0 -> supersede(1) :: else -> supersede(0) fi
			fi
		:: else
		fi;
		forget_one(0); forget_one(1); forget_one(2); forget_one(3); forget_one(4);
		if :: pver != 0 -> drop_pend() :: else fi;
		open[u] = 0
	fi
}
/* pending.c: insert; not what has become a connection already */
inline t_put() {
	if
	:: row[u].hash == first || (pend.used && pend.first == first) -> skip
	:: else -> pend.used = 1; pend.u = u; pend.pair = got; pend.first = first;
		pend.granted = seen; pend.claimed = claimed; pend.ver = 1
	fi;
	open[u] = 0
}
/* pending.c: renew, else park_renewed */
inline t_put_renewed() {
	if
	:: pend.used && pend.first == first -> if
		:: pend.ver == pver -> pend.pair = got; pend.ver++; pend.lease = 0
		:: else
		fi
	:: else -> if :: row[u].hash != first -> do_park(got, u) :: else fi
	fi
}
/* pending.c: drop, end */
inline t_drop() {
	pk = pend.pair; do_park(pk, pend.u); pk = 0; drop_pend()
}
/* lease.c: save_pair and is_saved, in one transaction */
inline t_save_pair() {
	saved = 0;
	if
	:: row[u].ver == seen && (row[u].st == CONN || row[u].st == REAUTH) ->
		row[u].ver++; row[u].by = mine; row[u].pair = got; row[u].st = CONN;
		row[u].owner = 0; row[u].lease = 0; row[u].att = 0; row[u].susp = 0;
		row[u].refused = 0; row[u].upd = T; saved = 1
	:: else -> if :: row[u].ver == seen + 1 && row[u].by == mine && mine != 0 -> saved = 1 :: else fi
	fi
}
inline t_take() {
	state = 0;
	if
	:: row[u].st == CONN && row[u].ver == seen && (row[u].owner == mine || row[u].lease == 0) ->
		if :: row[u].owner != mine -> row[u].susp = row[u].att :: else fi;
		row[u].owner = mine; row[u].lease = 1; row[u].att = 1;
		tok = row[u].pair; state = 1
	:: else -> if
		:: row[u].st != CONN -> state = 4
		:: row[u].st == CONN && row[u].ver != seen -> state = 3
		:: else -> state = 2
		fi
	fi
}
inline t_refused() {
	told = 0;
	if
	:: row[u].owner == mine && row[u].ver == seen && row[u].st == CONN ->
		row[u].owner = 0; row[u].lease = 0; row[u].att = 0; row[u].susp = 0; told = 1;
		if :: row[u].refused = 1 :: row[u].st = REAUTH fi
	:: else
	fi
}
inline t_release() {
	if :: row[u].owner == mine -> row[u].owner = 0; row[u].lease = 0;
		if :: row[u].susp == 0 -> row[u].att = 0 :: else fi
	:: else fi
}
inline t_lost() {
	if :: row[u].owner == mine -> row[u].owner = 0; row[u].lease = 1 :: else fi
}
inline t_end() {
	err2 = 0;
	if
	:: row[u].pair == tok ->
		if :: tok != 0 -> do_park(tok, u) :: else fi;
		row[u].st = DISC; row[u].pair = 0; row[u].ver++; row[u].owner = 0;
		row[u].lease = 0; row[u].att = 0; row[u].upd = T
	:: row[u].pair != tok && row[u].st == DISC && row[u].pair == 0 -> skip
	:: else -> err2 = 1
	fi
}
inline crash_here() {
	printf("EV P%d DIES\n", me); crashes--; hold[me] = 0; incall[me] = 0; leaseof[me] = 0;
	if :: f < NF && file[f].used && file[f].lock -> file[f].lock = 0 :: else fi;
	if :: has_claim && f == NF -> open[u] = 0 :: else fi;	/* the attempt's file is replayed */
	u = 0; first = 0; pver = 0; has_claim = 0; seen = 0; tok = 0; got = 0; mine = 0; claimed = 0; f = NF; saved = 0;
	told = 0; state = 0; lost = 0; tries = 0; err2 = 0; dberr = 0
}
inline reset() {
	hold[me] = 0; incall[me] = 0; leaseof[me] = 0; first = 0; pver = 0; has_claim = 0;
	u = 0; seen = 0; tok = 0; got = 0; mine = 0; claimed = 0; f = NF; saved = 0;
	told = 0; state = 0; lost = 0; tries = 0; err2 = 0; dberr = 0
}
#define CRASH atomic { crashes > 0 -> crash_here(); goto idle }
/*
 * A renewed pair is put before its lease of 150 s ends: by its process, or by
 * the replay of any other on the host, which takes some seconds.  With
 * -DFREEZE it need not be: then it may come too late, and be lost.
 */
#define RENEWED ((file[0].used && file[0].kind == K_RENEWED) || \
	(file[1].used && file[1].kind == K_RENEWED) || \
	(file[2].used && file[2].kind == K_RENEWED))
/* revocation.c: a login came in between, or the connection has ended */
#ifdef BEFORE
#define HAS_LOST (row[u].st == DISC)
#else
#define HAS_LOST (row[u].st == DISC || row[u].st == SUPER || row[u].by == 0)
#endif
#define FAIL_DONE dbf > 0 -> dbf--; dberr = 1
#define FAIL_NOT atomic { dbf > 0 -> dbf--; dberr = 1 }

proctype P(byte me; byte host)
{
	byte u, seen, tok, got, mine, claimed, f = NF, state, tries, pk, first, pver;
	bit saved, told, lost, err2, dberr, has_claim;

end_idle: idle:
	do
	:: atomic { refreshes > 0 && row[0].st == CONN -> refreshes--; u = 0 } goto refresh
	:: atomic { refreshes > 0 && row[1].st == CONN -> refreshes--; u = 1 } goto refresh
	:: atomic { logins > 0 && !open[0] -> logins--; u = 0 } goto connect
	:: atomic { logins > 0 && !open[1] -> logins--; u = 1 } goto connect
	:: atomic { pend.used && !pend.lease -> pend.lease = 1; pend.owner = me + 1; u = pend.u; got = pend.pair; incall[me] = got; first = pend.first; seen = pend.granted; claimed = pend.claimed; pver = pend.ver } goto pending
	:: atomic { discs > 0 && row[0].st != ABSENT -> discs--; u = 0 } goto disc
	:: atomic { discs > 0 && row[1].st != ABSENT -> discs--; u = 1 } goto disc
	:: atomic { file[0].used && !file[0].lock && file[0].host == host -> f = 0; file[0].lock = 1 } goto replay
	:: atomic { file[1].used && !file[1].lock && file[1].host == host -> f = 1; file[1].lock = 1 } goto replay
	:: atomic { file[2].used && !file[2].lock && file[2].host == host -> f = 2; file[2].lock = 1 } goto replay
	:: atomic { park[0].used -> f = NF; tok = park[0].pair } goto revoke
	:: atomic { park[1].used -> f = NF; tok = park[1].pair } goto revoke
	:: atomic { park[2].used -> f = NF; tok = park[2].pair } goto revoke
	:: atomic { park[3].used -> f = NF; tok = park[3].pair } goto revoke
	:: atomic { park[4].used -> f = NF; tok = park[4].pair } goto revoke
	:: atomic { !pend.used && refreshes == 0 && logins == 0 && discs == 0 && !file[0].used && !file[1].used && !file[2].used && !park[0].used && !park[1].used && !park[2].used && !park[3].used && !park[4].used -> skip } goto fin
	od;

refresh:
	atomic { seen = row[u].ver; nown++; mine = nown; leaseof[me] = mine }
r_take:
	if
	:: atomic { t_take(); dberr = 0; if :: state == 1 -> incall[me] = tok :: else fi; printf("EV P%d take row%d tok=%d state=%d (1 taken 2 held 3 moved 4 ended)\n", me, u, tok, state) }
	:: atomic { FAIL_DONE; t_take(); printf("EV P%d take row%d DONE, answer lost\n", me, u) }
	:: FAIL_NOT
	:: CRASH
	fi;
	if
	:: atomic { dberr -> dberr = 0; if :: tries < 1 -> tries++; goto r_take :: reset(); goto idle fi }
	:: atomic { !dberr && state >= 3 -> reset(); goto idle }
	:: atomic { !dberr && state == 2 ->
		if
		:: reset(); goto idle			/* time is up */
		:: (row[u].lease == 0 || row[u].ver != seen || row[u].st != CONN) -> goto r_take
		fi }
	:: atomic { !dberr && state == 1 -> tries = 0; incall[me] = tok }
	fi;
r_call:
#ifndef FREEZE
	assert(incall[0] == 0 || incall[0] != incall[1]);
#endif
	if
	:: atomic { live == tok && tok != 0 -> x_grant(); printf("EV P%d X refreshes %d -> %d\n", me, tok, got) } goto r_keep
	:: atomic { live != tok || tok == 0 -> printf("EV P%d X refuses %d\n", me, tok) } goto r_refused
	:: atomic { lose > 0 && live == tok && tok != 0 -> lose--; npairs++; live = npairs; lost = 1; printf("EV P%d X refreshes %d -> %d, answer lost\n", me, tok, live) } goto r_lost	/* done, unheard */
	:: atomic { lose > 0 -> lose--; lost = 1 } goto r_lost		/* not done, unheard */
	:: atomic { lose > 0 && lateq > 0 && latetok == 0 -> lose--; lateq--; latetok = tok; lost = 1 } goto r_lost
	:: atomic { lose > 0 -> lose--; incall[me] = 0 } goto r_release	/* it did not leave: a verdict RETRY */
	:: CRASH
	:: atomic { crashes > 0 && live == tok && tok != 0 -> npairs++; live = npairs; crash_here(); goto idle }
	fi;
r_lost:
	if
	:: atomic { tries == 0 -> tries = 1 } goto r_call
	:: atomic { tries == 1 -> incall[me] = 0; tries = 0 }
	fi;
	if
	:: atomic { t_lost(); reset() } goto idle
	:: atomic { dbf > 0 -> dbf--; reset() } goto idle
	:: CRASH
	fi;
r_release:
	if
	:: atomic { if :: lost -> t_lost() :: else -> t_release() fi; reset() } goto idle
	:: atomic { dbf > 0 -> dbf--; reset() } goto idle
	:: CRASH
	fi;
r_refused:
	if
	:: atomic { incall[me] = 0; t_refused(); if :: told -> reset(); goto idle :: else -> tries = 0; lost = 0; goto r_take fi }
	:: atomic { dbf > 0 -> dbf--; incall[me] = 0; t_refused(); reset() } goto idle
	:: atomic { dbf > 0 -> dbf--; incall[me] = 0; reset() } goto idle
	:: CRASH
	fi;
r_keep:
	if
	:: atomic { incall[me] = 0; tries = 0; new_file(K_PAIR); printf("EV P%d file %d: pair %d\n", me, f, got) }
	:: CRASH
	fi;
k_save:
	if
	:: atomic { t_save_pair(); dberr = 0; printf("EV P%d save pair %d row%d saved=%d\n", me, got, u, saved) }
	:: atomic { FAIL_DONE; t_save_pair(); printf("EV P%d save pair %d row%d saved=%d ANSWER LOST\n", me, got, u, saved) }
	:: FAIL_NOT
	:: CRASH
	fi;
	if
	:: atomic { dberr -> dberr = 0; if :: tries < 2 -> tries++; goto k_save :: file[f].lock = 0; reset(); goto idle fi }
	:: atomic { !dberr && saved -> skip } goto k_close
	:: atomic { !dberr && !saved -> skip }
	fi;
k_park:
	if
	:: atomic { if :: HAS_LOST -> do_park(got, u) :: else fi }
	:: atomic { dbf > 0 -> dbf--; if :: HAS_LOST -> do_park(got, u) :: else fi; if :: tries < 2 -> tries++; goto k_save :: file[f].lock = 0; reset(); goto idle fi }
	:: atomic { dbf > 0 -> dbf--; if :: tries < 2 -> tries++; goto k_save :: file[f].lock = 0; reset(); goto idle fi }
	:: CRASH
	fi;
k_close:
	if
	:: atomic { printf("EV P%d removes file %d\n", me, f); del_file(); reset() } goto idle
	:: CRASH
	fi;

connect:
	if
	:: atomic {
#ifdef BEFORE
		claimed = T + (T & 1);
#else
		claimed = T; open[u] = 1; has_claim = 1;
#endif
		printf("EV P%d login of user%d claims at T=%d: claimed=%d\n", me, u, T, claimed)
	   }
	:: CRASH
	fi;
	if
	:: atomic { x_grant(); first = got; printf("EV P%d X exchanges a code: pair %d\n", me, got) }
	:: atomic { lose > 0 -> lose--; npairs++; live = npairs; open[u] = 0; reset() } goto idle	/* unheard */
	:: CRASH
	fi;
	if
	:: atomic { xclock++; seen = xclock }	/* the answer is there */
	:: CRASH
	fi;
	if
	:: atomic { new_file(K_GRANT); printf("EV P%d file %d: grant %d user%d\n", me, f, got, u) }
	:: CRASH
	fi;
#ifndef NAMED
	if
	:: goto c_save
	:: atomic { !pend.used -> printf("EV P%d X does not name the account\n", me) } goto c_put
	fi;
#endif
c_save:
	if
	:: atomic { t_save_grant(); dberr = 0; printf("EV P%d save grant %d row%d granted=%d -> row0 st%d pair%d row1 st%d pair%d\n", me, got, u, seen, row[0].st, row[0].pair, row[1].st, row[1].pair) }
	:: atomic { FAIL_DONE; t_save_grant(); printf("EV P%d save grant %d row%d granted=%d ANSWER LOST -> row0 st%d pair%d row1 st%d pair%d\n", me, got, u, seen, row[0].st, row[0].pair, row[1].st, row[1].pair) }
	:: FAIL_NOT
	:: CRASH
	fi;
	if
	:: atomic { dberr -> dberr = 0; if
		:: tries < 2 -> tries++; goto c_save
		:: pver != 0 -> reset(); goto idle	/* its lease runs out */
		:: else -> file[f].lock = 0; reset(); goto idle
		fi }
	:: atomic { !dberr && pver != 0 -> reset() } goto idle
	:: atomic { !dberr && pver == 0 -> skip }
	fi;
c_close:
	if
	:: atomic { printf("EV P%d removes file %d\n", me, f); del_file(); reset() } goto idle
	:: CRASH
	fi;
c_put:	/* into x_pending: by who exchanged it, or by a replay */
	if	/* no room in the model: X names it after all */
	:: atomic { pend.used && pend.first != first -> skip } goto c_save
	:: atomic { !(pend.used && pend.first != first) -> skip }
	fi;
	if
	:: atomic { pend.used && pend.first != first -> skip } goto c_save
	:: atomic { !(pend.used && pend.first != first) -> t_put(); dberr = 0; printf("EV P%d grant %d of user%d waits\n", me, got, u) }
	:: atomic { !(pend.used && pend.first != first) && dbf > 0 -> dbf--; dberr = 1; t_put(); printf("EV P%d grant %d of user%d waits, ANSWER LOST\n", me, got, u) }
	:: FAIL_NOT
	:: CRASH
	fi;
	if
	:: atomic { dberr -> dberr = 0; if :: tries < 2 -> tries++; goto c_put :: file[f].lock = 0; reset(); goto idle fi }
	:: atomic { !dberr -> skip } goto c_close
	fi;

pending:	/* taken: X names it, or it is renewed */
	if
	:: atomic { incall[me] = 0; printf("EV P%d X names the account of %d\n", me, got) } goto c_save
	:: atomic { refreshes > 0 -> refreshes-- }
	:: atomic { pend.used && pend.first == first && pend.ver == pver -> pend.lease = 0; reset() } goto idle	/* put off */
	:: atomic { !(pend.used && pend.first == first && pend.ver == pver) -> reset() } goto idle
	:: CRASH
	fi;
	if
	:: atomic { live == got -> x_grant(); printf("EV P%d X renews it: %d\n", me, got) }
	:: atomic { live != got -> incall[me] = 0 } goto p_drop
	:: atomic { lose > 0 && live == got -> lose--; npairs++; live = npairs; incall[me] = 0; reset() } goto idle	/* unheard */
	:: CRASH
	fi;
	if
	:: atomic { new_file(K_RENEWED); incall[me] = 0; file[f].ver = pver; printf("EV P%d file %d: renewed %d\n", me, f, got) }
	:: CRASH
	fi;
p_put:
	if
	:: atomic { t_put_renewed(); dberr = 0 }
	:: atomic { FAIL_DONE; t_put_renewed() }
	:: FAIL_NOT
	:: CRASH
	fi;
	if
	:: atomic { dberr -> dberr = 0; if :: tries < 2 -> tries++; goto p_put :: file[f].lock = 0; reset(); goto idle fi }
	:: atomic { !dberr -> skip } goto c_close
	fi;
p_drop:	/* X refuses it for good */
	if
	:: atomic { if :: pend.used && pend.first == first && pend.ver == pver -> t_drop() :: else fi; reset() } goto idle
	:: atomic { dbf > 0 -> dbf--; reset() } goto idle
	:: CRASH
	fi;

disc:
	if
	:: atomic { if :: pend.used && pend.u == u -> t_drop() :: else fi; tok = row[u].pair }
	:: CRASH
	fi;
	if
	:: atomic { t_end(); printf("EV P%d disconnects row%d T=%d parks %d err=%d\n", me, u, T, tok, err2); if :: err2 -> err2 = 0; goto disc :: else fi }
	:: atomic { dbf > 0 -> dbf--; t_end(); err2 = 0; reset() } goto idle
	:: atomic { dbf > 0 -> dbf--; discs++; reset() } goto idle	/* asked again by its owner */
	:: CRASH
	fi;
	atomic { reset() } goto idle;

revoke:	/* taken; X is told, then the row goes */
	if
	:: atomic { printf("EV P%d X revokes %d (live %d)\n", me, tok, live); if :: live == tok -> live = 0 :: else fi }
	:: atomic { lose > 0 -> lose--; if :: live == tok -> live = 0 :: else fi; reset() } goto idle
	:: atomic { lose > 0 -> lose--; reset() } goto idle
	:: CRASH
	fi;
	if
	:: atomic {
		if :: park[0].used && park[0].pair == tok -> park[0].used = 0; park[0].pair = 0; park[0].created = 0; park[0].u = 0 :: else fi;
		if :: park[1].used && park[1].pair == tok -> park[1].used = 0; park[1].pair = 0; park[1].created = 0; park[1].u = 0 :: else fi;
		if :: park[2].used && park[2].pair == tok -> park[2].used = 0; park[2].pair = 0; park[2].created = 0; park[2].u = 0 :: else fi;
		if :: park[3].used && park[3].pair == tok -> park[3].used = 0; park[3].pair = 0; park[3].created = 0; park[3].u = 0 :: else fi;
		if :: park[4].used && park[4].pair == tok -> park[4].used = 0; park[4].pair = 0; park[4].created = 0; park[4].u = 0 :: else fi;
		reset() } goto idle
	:: CRASH
	fi;

replay:
	atomic { printf("EV P%d replays file %d\n", me, f); u = file[f].u; got = file[f].pair; first = file[f].first; claimed = file[f].granted; seen = file[f].ver; mine = file[f].owner; hold[me] = got };
	if
	:: atomic { file[f].kind == K_PAIR -> tries = 2 } goto k_save
	:: atomic { file[f].kind == K_GRANT && (!pend.used || pend.first == first) -> tries = 2 } goto c_put
	:: atomic { file[f].kind == K_RENEWED -> pver = file[f].ver; tries = 2 } goto p_put
	:: atomic { file[f].kind == K_GRANT && pend.used && pend.first != first -> file[f].lock = 0; reset() } goto idle	/* no room in the model */
	fi;

fin:
	skip
}

proctype lease_ends()
{
end:	do
	:: atomic { row[0].lease &&
#ifndef FREEZE
		!(row[0].owner != 0 && BUSYHOLDER(row[0].owner)) &&
#endif
		true -> row[0].lease = 0 }
	:: atomic { row[1].lease &&
#ifndef FREEZE
		!(row[1].owner != 0 && BUSYHOLDER(row[1].owner)) &&
#endif
		true -> row[1].lease = 0 }
	:: atomic { pend.lease &&
#ifndef FREEZE
		!(pend.used && BUSYWITH(pend.pair)) && !RENEWED &&
#endif
		true -> pend.lease = 0 }
	:: atomic { T < TMAX -> T++; printf("EV T=%d\n", T) }
	:: atomic { latetok != 0 -> if :: live == latetok -> npairs++; live = npairs :: else fi; latetok = 0 }
	od
}

/* A living pair that was on disk once is always somewhere. */
#define ORPHAN (live != 0 && kept[live] && !HELD(live))
proctype monitor()
{
end:	do
	:: atomic { ORPHAN -> printf("EV orphan: %d lives at X, row0 st%d pair%d row1 st%d pair%d\n", live, row[0].st, row[0].pair, row[1].st, row[1].pair); assert(false) }
	od
}

init {
	atomic {
#if ROW1 == 1
		row[1].st = CONN; row[1].pair = 1; row[1].ver = 1; row[1].granted = 0; row[1].hash = 1;
#else
		row[0].st = CONN; row[0].pair = 1; row[0].ver = 1; row[0].granted = 0; row[0].hash = 1;
#endif
		kept[1] = 1;
		run lease_ends(); run monitor();
		run P(0, 0); run P(1, 1);
#if NPROC == 3
		run P(2, 0)
#endif
	}
}
