// What a PostgreSQL whose tables are spread over nodes (Citus) takes of a
// statement: the rules that can be seen in its text.  judge() says which it
// breaks, and whether it goes to one node (`routed`), or to all.
import { loadModule, parseSync } from 'libpg-query';

await loadModule();

// Spread by this column; all with user_id lie side by side.
const SPREAD = new Map(Object.entries({
	platform_connections: 'user_id', x_accounts: 'platform_user_id', x_events: 'user_id',
	x_grants: 'user_id', x_ids: 'user_id', x_lines: 'user_id', x_logins: 'user_id',
	x_notices: 'user_id', x_parts: 'user_id', x_pending: 'user_id', x_posts: 'user_id',
	x_revocations: 'user_id',
}));
// A copy on each node.
const COPIED = new Set(['x_app', 'x_refreshing']);

const VOLATILE = new Set(['clock_timestamp', 'gen_random_uuid', 'pg_notify', 'random']);
const STABLE = new Set(['age', 'array_to_string', 'concat', 'concat_ws', 'date_trunc', 'format', 'json_build_object',
	'jsonb_build_array', 'jsonb_build_object', 'now', 'statement_timestamp', 'to_char', 'to_jsonb', 'to_json']);

const kindOf = (node) => (node && typeof node === 'object' ? Object.keys(node)[0] : undefined);

function* children(node) {
	if (Array.isArray(node))
		yield* node;
	else if (node && typeof node === 'object')
		yield* Object.values(node);
}

function* everything(node) {
	if (!node || typeof node !== 'object')
		return;
	yield node;
	for (const child of children(node))
		yield* everything(child);
}

// Every node below, but not what lies in a query of its own.
function* within(node) {
	if (!node || typeof node !== 'object')
		return;
	yield node;
	if (node.SubLink) {
		yield* within(node.SubLink.testexpr);
		return;
	}
	for (const child of children(node))
		yield* within(child);
}

// Every node below that is carried out on the node: a subquery of nothing is worked out before.
function* carried(node) {
	if (!node || typeof node !== 'object' || (node.SubLink && !node.SubLink.subselect.SelectStmt.fromClause))
		return;
	yield node;
	for (const child of children(node))
		yield* carried(child);
}

const nameOf = (call) => call.funcname.at(-1).String.sval;
const isInterval = (node) => [...within(node)].some((one) => one.TypeCast?.typeName.names.at(-1).String.sval === 'interval');

// Arithmetic of times is only STABLE: a day may have 23 hours.
const movesTime = (node) => ['+', '-'].includes(node.A_Expr?.name[0].String.sval) && node.A_Expr.lexpr &&
	isInterval(node.A_Expr.lexpr) !== isInterval(node.A_Expr.rexpr);
// Of the time between two times it is not; of a time it is.
const takesApart = (node) => node.FuncCall && nameOf(node.FuncCall) === 'extract' &&
	node.FuncCall.args[1].A_Expr?.name[0].String.sval !== '-';
const isStable = (node) => movesTime(node) || takesApart(node) || (node.FuncCall && STABLE.has(nameOf(node.FuncCall))) ||
	node.SQLValueFunction !== undefined;
const isVolatile = (node) => node.FuncCall !== undefined && VOLATILE.has(nameOf(node.FuncCall));
const has = (tree, test) => [...within(tree)].some(test);
const isMutable = (node) => isStable(node) || isVolatile(node);

const fromSpread = (source) => [...everything(source)].some((node) => node.RangeVar && SPREAD.has(node.RangeVar.relname));

const unquoted = (node) => (node?.TypeCast ? unquoted(node.TypeCast.arg) : node);

function* conjuncts(node) {
	if (node?.BoolExpr?.boolop === 'AND_EXPR') {
		for (const one of node.BoolExpr.args)
			yield* conjuncts(one);
	} else if (node)
		yield node;
}

class Judge {
	constructor() {
		this.faults = new Set();
		this.tables = new Set();
		this.anchors = new Set();	// the parameters that name the user
		this.open = [];			// places of spread tables without one
		this.apart = [];		// those of queries that are carried out first
		this.locks = false;
		this.writes = new Set();
	}

	// One level: its sources, what joins them, and what lies below.
	level(query, sources, where, outer, ctes) {
		const places = [], quals = [...conjuncts(where)];
		const add = (item) => {
			if (item.RangeVar)
				places.push(this.place(item.RangeVar, ctes));
			else if (item.JoinExpr) {
				add(item.JoinExpr.larg);
				add(item.JoinExpr.rarg);
				quals.push(...conjuncts(item.JoinExpr.quals));
			} else if (item.RangeSubselect) {
				places.push({ alias: item.RangeSubselect.alias?.aliasname });
				this.below(item.RangeSubselect.subquery, outer.concat(places), ctes);
			} else
				places.push({ alias: item.RangeFunction?.alias?.aliasname });
		};

		sources.forEach(add);
		this.anchor(places, quals, outer);
		for (const node of this.sublinks(query))
			this.below(node.subselect, outer.concat(places), ctes);
		return places;
	}

	// What names nothing of the levels above can be carried out first.
	below(query, above, ctes) {
		const names = new Set(above.map((place) => place.alias));
		const correlated = [...everything(query)].some((node) => node.ColumnRef?.fields.length > 1 &&
			names.has(node.ColumnRef.fields.at(-2).String?.sval));
		if (correlated)
			this.query(query, above, ctes);
		else
			this.apart.push(...this.unit(query, [], ctes));
	}

	place(range, ctes) {
		const column = ctes.has(range.relname) ? undefined : SPREAD.get(range.relname);
		const alias = range.alias?.aliasname ?? range.relname;

		if (!ctes.has(range.relname))
			this.tables.add(range.relname);
		return { alias, column, table: column && range.relname };
	}

	*sublinks(tree) {
		const queue = Object.entries(tree).filter(([key]) => !['withClause', 'fromClause', 'larg', 'rarg',
			'usingClause', 'relation', 'selectStmt'].includes(key)).map(([, value]) => value);

		if (tree.fromClause || tree.usingClause)
			queue.push(...this.joinQuals(tree.fromClause ?? tree.usingClause));
		for (const one of queue) {
			for (const node of within(one)) {
				if (node.SubLink)
					yield node.SubLink;
			}
		}
	}

	*joinQuals(items) {
		for (const item of items) {
			if (item.JoinExpr) {
				yield item.JoinExpr.quals;
				yield* this.joinQuals([item.JoinExpr.larg, item.JoinExpr.rarg]);
			}
		}
	}

	// Which places a chain of equalities ties to a parameter.
	anchor(places, quals, outer) {
		const spread = places.filter((place) => place.column);
		const key = (node) => this.keyOf(unquoted(node), places, outer);
		const edges = quals.filter((one) => one.A_Expr?.kind === 'AEXPR_OP' && one.A_Expr.name[0].String.sval === '=')
			.map((one) => [key(one.A_Expr.lexpr), key(one.A_Expr.rexpr)])
			.filter(([a, b]) => a && b);
		const reached = new Map();
		let grows = true;

		for (const place of spread)
			place.anchor = undefined;
		for (const [a, b] of edges) {
			if (a.place && b.place && a.place !== b.place)
				a.place.tied = b.place.tied = true;
		}
		while (grows) {
			grows = false;
			for (const [a, b] of edges.concat(edges.map(([x, y]) => [y, x]))) {
				const anchor = a.anchor ?? reached.get(a.place);
				if (anchor && b.place && !reached.has(b.place)) {
					reached.set(b.place, anchor);
					grows = true;
				}
			}
		}
		for (const place of spread) {
			place.anchor = reached.get(place);
			if (place.anchor)
				this.anchors.add(place.anchor);
			else
				this.open.push(place);
		}
	}

	// A parameter, or a place's spreading column; of outer levels what is known.
	keyOf(node, places, outer) {
		if (node?.ParamRef)
			return { anchor: `$${node.ParamRef.number}` };
		if (!node?.ColumnRef)
			return undefined;
		const names = node.ColumnRef.fields.map((field) => field.String?.sval);
		const column = names.at(-1);
		const here = (list) => list.filter((place) => place.column === column &&
			(names.length === 1 || place.alias === names.at(-2)));
		const [own] = here(places);
		if (own)
			return { place: own };
		const above = here(outer).at(-1);
		return above && (above.anchor ? { anchor: above.anchor } : { place: above });
	}

	withClause(clause, outer, ctes) {
		const all = new Set(ctes);
		if (clause?.recursive)
			this.faults.add('WITH RECURSIVE');
		for (const { CommonTableExpr: cte } of clause?.ctes ?? []) {
			this.unit(cte.ctequery, outer, all);
			all.add(cte.ctename);
		}
		return all;
	}

	// What may be carried out by itself is judged by itself; which of its places are open.
	unit(node, outer, ctes) {
		const own = new Judge();
		own.query(node, outer, ctes);
		own.finish();
		for (const fault of own.faults)
			this.faults.add(fault);
		for (const table of own.tables)
			this.tables.add(table);
		for (const anchor of own.anchors)
			this.anchors.add(anchor);
		for (const table of own.writes)
			this.writes.add(table);
		this.everywhere ||= own.everywhere;
		return [...own.open, ...own.apart];
	}

	query(node, outer = [], ctes = new Set()) {
		const kind = kindOf(node);
		const query = node[kind];
		const known = this.withClause(query.withClause, outer, ctes);

		this[kind](query, outer, known);
	}

	SelectStmt(query, outer, ctes) {
		for (const side of [query.larg, query.rarg].filter(Boolean))
			this.below({ SelectStmt: side }, outer, ctes);
		const places = this.level(query, query.fromClause ?? [], query.whereClause, outer, ctes);
		if (query.lockingClause && places.some((place) => place.table))
			this.locks = true;
	}

	UpdateStmt(query, outer, ctes) {
		this.change(query, [{ RangeVar: query.relation }, ...query.fromClause ?? []], outer, ctes);
	}

	DeleteStmt(query, outer, ctes) {
		this.change(query, [{ RangeVar: query.relation }, ...query.usingClause ?? []], outer, ctes);
	}

	change(query, sources, outer, ctes) {
		this.writes.add(query.relation.relname);
		this.level(query, sources, query.whereClause, outer, ctes);
		if (SPREAD.has(query.relation.relname) || COPIED.has(query.relation.relname))
			this.functions(query);
	}

	// What is set and asked is worked out once, before it goes to a node.
	functions(query) {
		const names = new Set([query.relation.alias?.aliasname ?? query.relation.relname]);
		const said = [query.targetList, query.whereClause, ...this.joinQuals(query.fromClause ?? query.usingClause ?? [])];

		if (has(said, isVolatile))
			this.faults.add('a VOLATILE function in what is set or asked');
		for (const node of carried({ ...query, withClause: undefined })) {
			if ((node.CaseExpr || node.CoalesceExpr) && [...carried(node)].some(isMutable))
				this.faults.add('a function of time within CASE or coalesce');
		}
		for (const node of within(said)) {
			if (isStable(node) && has(node, (one) => one.ColumnRef !== undefined))
				this.faults.add('a STABLE function of a column');
			if (node.SubLink && this.mixes(node.SubLink.subselect, names))
				this.faults.add('a VOLATILE function in a subquery that names a column of the row');
		}
		if (has(query.returningClause, isMutable))
			this.faults.add('a function of time in RETURNING');
	}

	// One that names the row is worked out with it, on the node.
	mixes(subselect, names) {
		const all = [...everything(subselect)];
		return all.some(isVolatile) && all.some((node) => node.ColumnRef &&
			(!subselect.SelectStmt.fromClause || names.has(node.ColumnRef.fields.at(-2)?.String?.sval)));
	}

	InsertStmt(query, outer, ctes) {
		const table = query.relation.relname;
		const { onConflictClause: conflict, selectStmt: source } = query;

		this.tables.add(table);
		this.writes.add(table);
		if (source?.SelectStmt.valuesLists && has(source.SelectStmt.valuesLists, (node) => node.SubLink !== undefined))
			this.faults.add('a subquery in VALUES');
		if (source)
			this.unit(source, outer, ctes);
		if (!SPREAD.has(table) && !COPIED.has(table))
			return;
		const said = [conflict?.targetList, conflict?.whereClause];
		if (has(said, isMutable))
			this.faults.add('a function of time in ON CONFLICT');
		if (has(said, (node) => node.SubLink !== undefined))
			this.faults.add('a subquery in ON CONFLICT');
		if (has(query.returningClause, isMutable))
			this.faults.add('a function of time in RETURNING');
		// Such rows pass through the coordinator, and parameters do not go on with them.
		if (source && [...everything(source)].some(isVolatile) && fromSpread(source) &&
			has(said, (node) => node.ParamRef !== undefined))
			this.faults.add('a parameter in ON CONFLICT of rows with a VOLATILE function');
	}

	// A value that is compared with is lost on its way to a node.
	cases(query) {
		if ([...everything(query)].some((node) => node.CaseExpr?.arg !== undefined))
			this.faults.add('a CASE of a value');
	}

	finish() {
		if (this.anchors.size > 0 && this.apart.length > 0)
			this.faults.add(`no user named for ${this.apart.map((place) => place.alias).join(', ')}`);
		if (this.open.length > 0) {
			this.everywhere = true;
			if (this.locks)
				this.faults.add('row locks without a user');
			if (this.anchors.size > 0)
				this.faults.add(`no user named for ${this.open.map((place) => place.alias).join(', ')}`);
			else if (this.open.length > 1 && !this.open.every((place) => place.tied))
				this.faults.add('tables joined, and not by user');
		}
		if (this.anchors.size > 1)
			this.faults.add(`more than one user: ${[...this.anchors].join(', ')}`);
		if ([...this.writes].some((table) => COPIED.has(table)) && [...this.tables].some((table) => SPREAD.has(table)))
			this.faults.add('a copied table is written and a spread one read');
	}
}

export function judge(sql) {
	const { stmts } = parseSync(sql);
	const judge = new Judge();

	for (const { stmt } of stmts) {
		judge.query(stmt);
		judge.cases(stmt);
	}
	judge.finish();
	return { everywhere: judge.everywhere === true, faults: [...judge.faults],
		tables: [...judge.tables].filter((table) => SPREAD.has(table)), writes: [...judge.writes] };
}
