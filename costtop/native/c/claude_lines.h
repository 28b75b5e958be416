/* The lines of a Claude Code transcript, as sources/claude/transcript_lines.py finds them. */
#ifndef COSTTOP_CLAUDE_LINES_H
#define COSTTOP_CLAUDE_LINES_H

#include "json.h"

/* What a line may be for those who read on. */
typedef enum {
    LINE_IDLE,  /* it says nothing */
    LINE_USER,  /* a user's: `type` is where its type is named */
    LINE_OTHER, /* anything else that begins and ends like an object */
    LINE_ODD,   /* it does not: Python looks at it */
} claude_line_kind;

/* The fields that lines have between their parent and their type (LineHeads). */
typedef struct {
    const uint8_t *shared, *reply;
    size_t shared_size, reply_size;
    bool side; /* the line that was looked at last is of a side chain */
} claude_heads;

/* What the line from `start` to `end` (its newline, or the end of the data) is. */
claude_line_kind claude_line(claude_heads *heads, const uint8_t *start, const uint8_t *end,
                             const uint8_t **type);

/* Whether a line of no known head has a needle for which Python decodes it. */
bool claude_line_matters(const uint8_t *start, const uint8_t *end);

/* The result of one tool in a user's long line, of which nothing is decoded. */
typedef struct {
    json_span tool, content, time;
    bool error;
} claude_long_result;

#define CLAUDE_AFTER "]},\"uuid\":\"" /* what follows a result's block in its line */
enum { CLAUDE_LONG = 2 << 10 }; /* bytes of a line from which it pays not to decode it */

/* Reads a line whose type is named at `type`; false where more has to be known of it. */
bool claude_line_result(const uint8_t *type, const uint8_t *end, claude_long_result *result);

/* Where `word` begins; NULL. `rare` is the place of a byte of it that texts seldom have. */
const uint8_t *claude_find(const uint8_t *start, const uint8_t *end, const char *word,
                           size_t rare);

#endif
