-- What the triggers ran that served programs of before.

DROP FUNCTION IF EXISTS x_rest();
DROP FUNCTION IF EXISTS x_tell_post();
DROP FUNCTION IF EXISTS x_both_forms();
