-- Calls are found by the first four bytes of their key: of five million one in nine hundred shares
-- them with another call, and a read of the row tells the two apart. It spares four bytes a call.
DROP INDEX calls_half;
CREATE INDEX calls_begins ON calls (substr(key, 1, 4));
