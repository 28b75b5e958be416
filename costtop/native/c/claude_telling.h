/* The steps that are told of a chunk, and what the last of them said: of claude.c alone. */
#ifndef COSTTOP_CLAUDE_TELLING_H
#define COSTTOP_CLAUDE_TELLING_H

#include "claude.h"
#include "claude_lines.h"
#include "claude_row.h"

enum { CLAUDE_WHOSE = 7, CLAUDE_MANNER = 4, CLAUDE_NAME = 200 /* bytes of an id */ };
enum { CLAUDE_ASKED = 1 << 8 }; /* tools that are remembered, to hash their results */

/* What has been told so far. */
typedef struct {
    const uint8_t *data;
    claude_table *tables;
    int64_t seen;
    bool named;
    claude_heads heads;
    claude_row row; /* the one at hand */
    /* What the last step of its kind has told. */
    bool has_session, has_whose, has_manner;
    json_span session, whose[CLAUDE_WHOSE], manner[CLAUDE_MANNER];
    claude_kind side;
    /* The message whose rows come in, and its numbers. */
    bool open;
    json_span id, request;
    int64_t reply[REPLY_NUMBERS];
    /* The tools that replies asked for, each in its name's place: a newer one takes it. */
    uint64_t asked[CLAUDE_ASKED];
} claude_telling;

/* Tells a number of a step, and a piece of the chunk. */
void claude_tell(claude_telling *at, int64_t number);
void claude_tell_span(claude_telling *at, json_span span);

/* Adds a row to a table; where a piece of the chunk stands is told by two numbers. */
void claude_add(claude_telling *at, enum claude_tables table, const int64_t *row, size_t size);
void claude_place(const claude_telling *at, json_span span, int64_t place[2]);

/* The number of up to eight bytes, the lowest first. */
int64_t claude_number(const uint8_t *bytes, size_t size);

/* Ends the message whose rows came in. */
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
