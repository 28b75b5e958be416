/* One line of a Claude Code transcript, read strictly into the fields that matter.
 *
 * The names are those of costtop/sources/claude/records.py. A line that has a known field twice,
 * or of a kind that regular lines do not have, is not read: Python takes it.
 */
#ifndef COSTTOP_CLAUDE_ROW_H
#define COSTTOP_CLAUDE_ROW_H

#include "json.h"

enum { CLAUDE_BLOCKS = 8 }; /* of one row that is regular */

typedef enum { NOTHING, TEXT, TRUE, FALSE, RAW } claude_kind;

typedef struct {
    json_span span; /* of a text without its quotes */
    claude_kind kind; /* NOTHING: absent or null */
} claude_field;

enum claude_row_field {
    ROW_CWD, ROW_UUID, ROW_TYPE, ROW_ORIGIN, ROW_IS_META, ROW_AGENT_ID, ROW_COST, ROW_MESSAGE,
    ROW_SUBTYPE, ROW_VERSION, ROW_PROMPT_ID, ROW_GIT_BRANCH, ROW_REQUEST_ID, ROW_SESSION_ID,
    ROW_TIMESTAMP, ROW_FORKED_FROM, ROW_SESSION_ID_, ROW_IS_SIDECHAIN, ROW_RETRY_ATTEMPT,
    ROW_TOOL_USE_RESULT, ROW_COMPACT_METADATA, ROW_WORKTREE_SESSION, ROW_ATTRIBUTION_AGENT,
    ROW_ATTRIBUTION_SKILL, ROW_IS_COMPACT_SUMMARY, ROW_IS_API_ERROR_MESSAGE,
    ROW_ATTRIBUTION_PLUGIN, ROW_INTERRUPTED_MESSAGE_ID, ROW_IS_VISIBLE_IN_TRANSCRIPT_ONLY,
    ROW_FIELDS
};

enum claude_message_field {
    MESSAGE_ID, MESSAGE_ROLE, MESSAGE_MODEL, MESSAGE_USAGE, MESSAGE_CONTENT, MESSAGE_STOP_REASON,
    MESSAGE_FIELDS
};

enum claude_usage_field {
    USAGE_TYPE, USAGE_MODEL, USAGE_SPEED, USAGE_ITERATIONS, USAGE_INPUT, USAGE_SERVICE_TIER,
    USAGE_INFERENCE_GEO, USAGE_OUTPUT, USAGE_CACHE_CREATION, USAGE_SERVER_TOOL_USE,
    USAGE_OUTPUT_DETAILS, USAGE_CACHE_READ, USAGE_CACHE_WRITE, USAGE_FIELDS
};

enum claude_block_field {
    BLOCK_ID, BLOCK_TYPE, BLOCK_NAME, BLOCK_INPUT, BLOCK_CONTENT, BLOCK_IS_ERROR,
    BLOCK_TOOL_USE_ID, BLOCK_FIELDS
};

typedef struct {
    claude_field field[BLOCK_FIELDS];
} claude_block;

/* Counts as they are written; 0 where they are not. */
typedef struct {
    claude_field field[USAGE_FIELDS];
    int64_t input, output, write, read, write_5m, write_1h, searches, thinking;
} claude_usage;

typedef struct {
    claude_field field[ROW_FIELDS];
    claude_field message[MESSAGE_FIELDS];
    claude_usage usage;
    claude_block block[CLAUDE_BLOCKS];
    size_t blocks; /* of a content that is a list */
} claude_row;

/* Reads the line from `start` to `end`; false where it is not regular. */
bool claude_row_read(const uint8_t *start, const uint8_t *end, claude_row *row);

#endif
