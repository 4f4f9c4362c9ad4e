// What a database has in schema public, a line each, asked of its catalogues:
// pg_dump refuses a server that is newer than itself.
import { sql } from './stack.js';

const OURS = `c.relnamespace = 'public'::regnamespace`;
const PARTS = [
	`SELECT concat_ws(' ', 'relation', relname, relkind, pg_get_userbyid(relowner), relacl, relrowsecurity, relforcerowsecurity, reloptions) FROM pg_class c WHERE ${OURS}`,
	`SELECT concat_ws(' ', 'column', relname, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attacl, pg_get_expr(adbin, adrelid))
		FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		WHERE ${OURS} AND relkind IN ('r', 'v', 'p') AND attnum > 0 AND NOT attisdropped`,
	`SELECT concat_ws(' ', 'constraint', conrelid::regclass, contypid::regtype, conname, convalidated, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
	`SELECT concat_ws(' ', 'index', indisvalid, pg_get_indexdef(indexrelid)) FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE ${OURS}`,
	`SELECT concat_ws(' ', 'trigger', tgenabled, pg_get_triggerdef(t.oid)) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE ${OURS} AND NOT tgisinternal`,
	`SELECT concat_ws(' ', 'function', proacl, pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind <> 'a'`,
	`SELECT concat_ws(' ', 'policy', relname, polname, polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
		FROM pg_policy JOIN pg_class c ON c.oid = polrelid WHERE ${OURS}`,
	`SELECT concat_ws(' ', 'type', typname, typtype, format_type(typbasetype, typtypmod), typnotnull) FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e')`,
];

export async function schemaOf(environment) {
	const lines = await sql(`SELECT regexp_replace(line, E'\\\\s+', ' ', 'g') FROM (${PARTS.join(' UNION ALL ')}) AS s (line) ORDER BY 1`, { environment });
	return lines.map((line) => line.join('\t')).join('\n');
}
