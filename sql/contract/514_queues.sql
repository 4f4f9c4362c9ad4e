-- Claims go by x_lines, x_posts_due and x_posts_unsettled.
DROP INDEX CONCURRENTLY IF EXISTS x_posts_open;
