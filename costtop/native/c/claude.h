/* What a chunk of a Claude Code transcript says, for costtop/sources/claude/native_rows.py.
 *
 * It answers with a list of steps, in the order of the lines, as values of Python (values.h): a
 * step is a tuple of its kind and of what `claude_step` names. What a line means for those after
 * it is known to Python alone; here each line is read for itself, but for the rows of one message
 * that follow each other, which make one step. Hashes are told in hex, places are numbers of bytes
 * from the chunk's beginning, times are held.
 */
#ifndef COSTTOP_CLAUDE_H
#define COSTTOP_CLAUDE_H

#include "api.h"

enum claude_step {
    /* A line that Python reads: start, end, whether a user's (else what it is is not known). */
    STEP_CAREFUL,
    /* From here on another session: its name, as it stands; None. Only where the chunk's own name
     * does not say it. */
    STEP_SESSION,
    /* From here on other circumstances: cwd, branch, version, agent, its type, skill, plugin, as
     * they stand (escaped) or None; isSidechain or None. */
    STEP_WHOSE,
    /* From here on another manner: model, service tier, speed, region. */
    STEP_MANNER,
    /* Rows of one message: see claude_telling.h (`claude_close`). */
    STEP_REPLY,
    /* A tool's result: the tool's id; its outcome, None where nothing was hashed, for no reply of
     * this chunk seems to ask for the tool; time; error; isSidechain is true; where the line
     * stands, and where its content does: start and end of both. */
    STEP_RESULT,
    /* A note that the turn is over: time; isSidechain is true. */
    STEP_ENDED,
    /* What a user typed: uuid; promptId or ""; parentUuid, as it stands; time; isSidechain is
     * true. */
    STEP_PROMPT,
    /* The message of the next reply has an id of its session alone: the id; what names its first
     * row (MessageKeys.short). */
    STEP_SHORT,
};

/* Reads `size` bytes of whole lines, which stand at `offset` in their file. `seen` is the time of
 * receipt, ms; `named` whether the log's name says its session. Returns how many bytes its answer
 * has; with more than `capacity`, what is in `out` cannot be used. */
COSTTOP_API int64_t costtop_claude(const uint8_t *data, size_t size, int64_t offset, int64_t seen,
                                   int32_t named, uint8_t *out, size_t capacity);

#endif
