/* The steps that are told of a chunk, and what the last of them said: of claude.c alone. */
#ifndef COSTTOP_CLAUDE_TELLING_H
#define COSTTOP_CLAUDE_TELLING_H

#include "claude.h"
#include "claude_lines.h"
#include "claude_row.h"
#include "values.h"

enum { CLAUDE_WHOSE = 7, CLAUDE_MANNER = 4, CLAUDE_NAME = 200 /* bytes of an id */ };
enum { CLAUDE_ASKED = 1 << 8 }; /* tools that are remembered, to hash their results */

/* What the rows of one message say so far. Times are those of the rows in their order; `stop` and
 * `asks` (for a tool) are the last row's. */
typedef struct {
    json_span id, request;
    const uint8_t *start; /* of the row that counts */
    uint8_t half[8];      /* of its key, where `global` says that its id is its own everywhere */
    int64_t first, last;
    enum claude_stop { STOP_NONE, STOP_OTHER, STOP_END_TURN, STOP_SEQUENCE, STOP_TOOL_USE } stop;
    bool global, asks, placeholder;
    int64_t searches, input, read, write, write_1h, output, thinking;
    size_t tools, place; /* how many, and where that is told */
    bool noted;          /* some of them say more than right or wrong (tool_results.note_of) */
} claude_message;

/* What has been told so far. */
typedef struct {
    const uint8_t *data;
    values to;
    size_t steps;
    int64_t offset, seen;
    uint8_t alone[8]; /* the half of a key that an id is enough for */
    bool named;
    claude_heads heads;
    claude_row row; /* the one at hand */
    /* What the last step of its kind has told. */
    bool has_session, has_whose, has_manner;
    json_span session, whose[CLAUDE_WHOSE], manner[CLAUDE_MANNER];
    claude_kind side;
    bool open;
    claude_message message; /* whose rows come in, where one is open */
    /* The tools that replies asked for, each in its name's place: a newer one takes it. */
    uint64_t asked[CLAUDE_ASKED];
} claude_telling;

/* Begins a step of `count` values, which follow. */
void claude_step(claude_telling *at, enum claude_step kind, size_t count);

/* A piece of the chunk as it stands; None where there is none. A text of ASCII; "" where none. */
void claude_piece(claude_telling *at, json_span span);
void claude_text(claude_telling *at, json_span span);

/* Writes bytes in hex; tells a hash so. */
void claude_hex(const uint8_t *bytes, size_t size, uint8_t *digits);
void claude_hash(claude_telling *at, const uint8_t hash[8]);

/* The place of a byte of the chunk. */
void claude_place(claude_telling *at, const uint8_t *byte);

/* Begins the step of the message at hand, behind which its tools are told: (id, name, hash of the
 * arguments, None; or, of one that is noted, where its arguments stand and how many searches its
 * row tells). */
void claude_open(claude_telling *at);

/* Ends it, if one is open: (tools, own as in `PlainCall`, last, stop, asks), if nothing is odd,
 * whether some tools are noted, requestId or None, placeholder, searches. Nothing is odd where ids
 * are their own everywhere, with output that is final and without searches. */
void claude_close(claude_telling *at);

/* Tells what the row at hand says of these, where it differs from what was told last. */
void claude_tell_session(claude_telling *at);
void claude_tell_whose(claude_telling *at);
void claude_tell_manner(claude_telling *at);

/* Remembers that a reply asks for the tool of this id; whether one did, as far as is known. */
void claude_ask(claude_telling *at, json_span tool);
bool claude_is_asked(const claude_telling *at, json_span tool);

/* Takes the row at hand, which begins at `start`, as that of a reply; false where it is none, or
 * not regular. */
bool claude_tell_reply(claude_telling *at, const uint8_t *start);

/* The time of the row at hand, held; false where it is not plain. */
bool claude_row_time(const claude_telling *at, int64_t *ms);
bool claude_time(const claude_telling *at, json_span text, int64_t *ms);

/* What every row has that is regular: a side chain or not, one session at most. */
bool claude_is_regular(const claude_telling *at);

/* What the row says of whose it is are texts. */
bool claude_is_whose(const claude_telling *at);

/* Both are absent, or both hold the same bytes. */
bool claude_same(json_span one, json_span other);

/* The field is a text that cleaning leaves as it is. */
bool claude_is_clean(const claude_field *field);

/* The field is this text. */
bool claude_is(const claude_field *field, const char *word);

/* The field is absent or null. */
bool claude_is_unset(const claude_field *field);

#endif
