/* What a chunk of a Claude Code transcript says, for costtop/sources/claude/native_rows.py.
 *
 * It answers with steps, one after the other, in the order of the lines: a step is its kind and as
 * many numbers as `claude_step` names. What is many has a table of its own, whose rows stand in
 * the order of their steps: Python takes them by columns. Pieces of the chunk are told as two
 * numbers, the places of their first byte and behind their last one; -1 twice where there is none.
 * What a line means for those after it is known to Python alone; here each line is read for
 * itself, but for the rows of one message that follow each other, which make one step.
 */
#ifndef COSTTOP_CLAUDE_H
#define COSTTOP_CLAUDE_H

#include "api.h"

enum claude_step {
    /* A line that Python reads: start, end, whether a user's (else what it is is not known). */
    STEP_CAREFUL,
    /* From here on another session: its name. Only where the chunk's own name does not say it. */
    STEP_SESSION,
    /* From here on other circumstances: cwd, branch, version, agent, its type, skill, plugin (as
     * they stand, escaped), and isSidechain: 0 false, 1 true, -1 not said. */
    STEP_WHOSE,
    /* From here on another manner: model, service tier, speed, region. */
    STEP_MANNER,
    /* Rows of one message: the next row of TABLE_REPLIES. */
    STEP_REPLY,
    /* A tool's result: the next row of TABLE_RESULTS. */
    STEP_RESULT,
    /* A note that the turn is over: time; isSidechain is true. */
    STEP_ENDED,
    /* What a user typed: uuid; promptId; parentUuid, as it stands; time; isSidechain is true. */
    STEP_PROMPT,
    /* The message of the next reply has an id of its session alone: the id; what names its first
     * row (MessageKeys.short). */
    STEP_SHORT,
};

/* A row of TABLE_REPLIES. Times are held; first and last are those of the rows in their order.
 * `stop` is the last row's: 0 none, 1 another one, 2 end_turn, 3 stop_sequence, 4 tool_use.
 * Nothing is odd of a reply whose id is global, and that of its request, if it has one; that is no
 * placeholder, and that searched nothing. */
enum claude_reply {
    REPLY_IS_REGULAR, /* nothing is odd of it */
    REPLY_OFFSET, /* of the row that counts, in the chunk */
    REPLY_KEY,    /* half a key, of the message's id; 0 behind STEP_SHORT */
    REPLY_REQUEST,
    REPLY_REQUEST_END,
    REPLY_FIRST,
    REPLY_LAST,
    REPLY_STOP,
    REPLY_ASKS, /* whether the last row asks for a tool */
    REPLY_PLACEHOLDER,
    REPLY_SEARCHES,
    REPLY_INPUT,
    REPLY_READ,
    REPLY_WRITE,
    REPLY_WRITE_1H,
    REPLY_OUTPUT,
    REPLY_THINKING,
    REPLY_TOOLS, /* how many rows of TABLE_TOOLS are its own */
    REPLY_NUMBERS
};

/* A row of TABLE_TOOLS: a tool that a reply asks for. */
enum claude_tool {
    TOOL_ID,
    TOOL_ID_END,
    TOOL_NAME,
    TOOL_NAME_END,
    TOOL_INPUT,
    TOOL_INPUT_END,
    TOOL_HASH,     /* of its arguments */
    TOOL_SEARCHES, /* of the row that asks for it */
    TOOL_NUMBERS
};

/* A row of TABLE_RESULTS: what a tool answered. */
enum claude_result {
    RESULT_LINE,
    RESULT_LINE_END,
    RESULT_TOOL,
    RESULT_TOOL_END,
    RESULT_CONTENT,
    RESULT_CONTENT_END,
    RESULT_TIME,
    RESULT_ERROR,
    RESULT_SIDE, /* isSidechain is true */
    RESULT_HASH, /* of the outcome */
    RESULT_KIND, /* of failure: -1 for none, -2 where nothing was hashed, for no reply of this
                  * chunk seems to ask for the tool */
    RESULT_NUMBERS
};

enum claude_tables { TABLE_STEPS, TABLE_REPLIES, TABLE_TOOLS, TABLE_RESULTS, TABLES };

/* Room for `capacity` numbers, and how many there are: of more than that, none can be used. */
typedef struct {
    int64_t *out;
    size_t capacity, size;
} claude_table;

/* Reads `size` bytes of whole lines into TABLES tables. `seen` is the time of receipt, ms; `named`
 * whether the log's name says its session. Hashes are numbers of their bytes, the lowest first.
 * Returns whether all of it had room; else the sizes say how much it needs. */
COSTTOP_API int32_t costtop_claude(const uint8_t *data, size_t size, int64_t seen, int32_t named,
                                   claude_table *tables);

#endif
