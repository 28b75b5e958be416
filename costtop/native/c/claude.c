/* Reads a chunk of a Claude Code transcript; claude.h says what it answers. */
#include "claude_telling.h"
#include "fingerprint.h"
#include "keys.h"
#include "byte_kinds.h"

#include <string.h>

enum { HEAD = 400, TAIL = 200 }; /* bytes of a content that are looked at */
enum { PARENT_SIZE = 38 };        /* of a uuid and its quotes */

static const char PARENT[] = "{\"parentUuid\":";

static void careful(claude_telling *at, const uint8_t *start, const uint8_t *end, bool user)
{
    claude_close(at);
    at->has_session = false; /* it may have one of its own */
    claude_step(at, STEP_CAREFUL, 3);
    claude_place(at, start);
    claude_place(at, end);
    value_truth(&at->to, user);
}

/* Reads the line as a row; false where it does not begin as they do, or is not regular. */
static bool is_regular(claude_telling *at, const uint8_t *start, const uint8_t *end)
{
    return end - start > PARENT_SIZE + (int)sizeof PARENT &&
           memcmp(start, PARENT, sizeof PARENT - 1) == 0 &&
           claude_row_read(start, end, &at->row) && claude_is_regular(at);
}

/* What a user's row says of one tool. */
typedef struct {
    json_span tool, content;
    int64_t time;
    bool error, side;
} answer;

/* The outcome of a tool as fingerprints.outcome says it; None where nobody seems to ask. */
static void tell_outcome(claude_telling *at, const answer *one)
{
    uint8_t text[16 + 1 + 8];
    struct outcome told;
    if (!claude_is_asked(at, one->tool)) {
        value_none(&at->to);
        return;
    }
    outcome(one->content.start, (size_t)(one->content.end - one->content.start), one->error,
            &told);
    claude_hex(told.hash, sizeof told.hash, text);
    text[16] = '~'; /* fingerprints.KIND */
    if (told.has_kind)
        claude_hex(told.kind, sizeof told.kind, text + 17);
    value_text(&at->to, text, !one->error ? 16 : told.has_kind ? sizeof text : 17);
}

static void tell_result(claude_telling *at, const uint8_t *start, const uint8_t *end, answer one)
{
    claude_close(at);
    claude_step(at, STEP_RESULT, 9);
    claude_text(at, one.tool);
    tell_outcome(at, &one);
    value_number(&at->to, one.time);
    value_truth(&at->to, one.error);
    value_truth(&at->to, one.side);
    claude_place(at, start);
    claude_place(at, end);
    claude_place(at, one.content.start);
    claude_place(at, one.content.end);
}

static bool is_id(json_span span)
{
    for (const uint8_t *at = span.start; at < span.end; at++)
        if (!is_word(*at) && *at != '-')
            return false;
    return span.start < span.end && span.end - span.start <= CLAUDE_NAME;
}

/* Whether the content is nothing but a tool's result: no note that the user stopped the model. */
static bool is_result(json_span content)
{
    size_t size = (size_t)(content.end - content.start);
    const uint8_t *tail = size > TAIL ? content.end - TAIL : content.start;
    const uint8_t *head = size > HEAD ? content.start + HEAD : content.end;
    return claude_find(content.start, head, "\"tool_result\"", 5) &&
           !claude_find(tail, content.end, "\"[Request interrupted by user", 1);
}

/* Takes a user's row that holds the result of one tool; false for any other one. */
static bool result(claude_telling *at, const uint8_t *start, const uint8_t *end)
{
    const claude_field *row = at->row.field, *block = at->row.block[0].field;
    const claude_field *tool = &block[BLOCK_TOOL_USE_ID], *error = &block[BLOCK_IS_ERROR];
    int64_t time;
    if (!claude_is(&row[ROW_TYPE], "user") || at->row.blocks != 1 ||
        !claude_is(&block[BLOCK_TYPE], "tool_result") || block[BLOCK_CONTENT].kind != RAW)
        return false;
    if (tool->kind != TEXT || !is_id(tool->span) || error->kind == TEXT ||
        !is_result(at->row.message[MESSAGE_CONTENT].span) || !claude_row_time(at, &time))
        return false;
    claude_tell_session(at);
    bool side = row[ROW_IS_SIDECHAIN].kind == TRUE;
    answer one = {tool->span, block[BLOCK_CONTENT].span, time, error->kind == TRUE, side};
    tell_result(at, start, end, one);
    return true;
}

/* The same for a long row, of which nothing is decoded. */
static bool long_result(claude_telling *at, const uint8_t *start, const uint8_t *end,
                        const uint8_t *type)
{
    claude_long_result found;
    int64_t time;
    if (!claude_line_result(type, end, &found) || !claude_time(at, found.time, &time))
        return false;
    answer one = {found.tool, found.content, time, found.error, at->heads.side};
    tell_result(at, start, end, one);
    return true;
}

static bool is_false(const claude_field *field)
{
    return field->kind == NOTHING || field->kind == FALSE;
}

/* Whether the content is a text, as a user types it: no note, and no output of a command. */
static bool is_typed(json_span content)
{
    size_t size = (size_t)(content.end - content.start);
    const uint8_t *tail = size > TAIL ? content.end - TAIL : content.start;
    return size > 1 && content.start[0] == '"' && content.start[1] != '<' &&
           !claude_find(tail, content.end, "\"[Request interrupted by user", 1);
}

/* Takes what a user typed; false for any other row. */
static bool prompt(claude_telling *at, const uint8_t *start)
{
    const claude_field *row = at->row.field, *name = &row[ROW_PROMPT_ID];
    const claude_field *content = &at->row.message[MESSAGE_CONTENT];
    json_span parent = {0};
    int64_t time;
    if (!claude_is(&row[ROW_TYPE], "user") || content->kind != RAW || !is_typed(content->span) ||
        !is_false(&row[ROW_IS_META]) || !is_false(&row[ROW_IS_COMPACT_SUMMARY]) ||
        !is_false(&row[ROW_IS_VISIBLE_IN_TRANSCRIPT_ONLY]))
        return false;
    if (!claude_is_unset(&row[ROW_ORIGIN]) || !claude_is_unset(&row[ROW_FORKED_FROM]) ||
        !claude_is_clean(&row[ROW_UUID]) || claude_is(&row[ROW_UUID], "") ||
        !(claude_is_unset(name) || claude_is_clean(name)) || !claude_row_time(at, &time))
        return false;
    parent.start = start + sizeof PARENT - 1;
    parent.end = parent.start + PARENT_SIZE;
    claude_tell_session(at);
    claude_close(at);
    claude_step(at, STEP_PROMPT, 5);
    claude_text(at, row[ROW_UUID].span);
    claude_text(at, name->span);
    claude_piece(at, parent);
    value_number(&at->to, time);
    value_truth(&at->to, row[ROW_IS_SIDECHAIN].kind == TRUE);
    return true;
}

static void user(claude_telling *at, const uint8_t *start, const uint8_t *end, const uint8_t *type)
{
    bool is_long = at->named && end - start >= CLAUDE_LONG;
    if (is_long && long_result(at, start, end, type))
        return;
    /* What Python may take without decoding it is not to be decoded here. */
    bool decoded = !is_long || !claude_find(type, end, CLAUDE_AFTER, 0);
    if (is_regular(at, start, end) && ((decoded && result(at, start, end)) || prompt(at, start)))
        return;
    careful(at, start, end, true);
}

/* Takes a note of Claude Code itself; false where it says more than that a turn is over. */
static bool note(claude_telling *at)
{
    const claude_field *field = at->row.field, *kind = &field[ROW_SUBTYPE];
    int64_t time;
    if (!claude_is(&field[ROW_TYPE], "system") || !claude_is_clean(kind) ||
        claude_is(kind, "compact_boundary") || claude_is(kind, "api_error") ||
        !claude_row_time(at, &time))
        return false;
    claude_tell_session(at);
    if (claude_is(kind, "turn_duration") || claude_is(kind, "stop_hook_summary")) {
        claude_close(at);
        claude_step(at, STEP_ENDED, 2);
        value_number(&at->to, time);
        value_truth(&at->to, field[ROW_IS_SIDECHAIN].kind == TRUE);
    }
    return true;
}

static void other(claude_telling *at, const uint8_t *start, const uint8_t *end)
{
    if (is_regular(at, start, end) && (claude_tell_reply(at, start) || note(at) ||
                                       result(at, start, end) || prompt(at, start)))
        return;
    if (claude_line_matters(start, end))
        careful(at, start, end, false);
}

int64_t costtop_claude(const uint8_t *data, size_t size, int64_t offset, int64_t seen,
                       int32_t named, uint8_t *out, size_t capacity)
{
    claude_telling at = {.data = data, .offset = offset, .seen = seen, .named = named};
    at.to = (values){.out = out, .capacity = capacity};
    key_half(data, 0, at.alone);
    size_t place = value_list(&at.to, 0);
    const uint8_t *start = data, *const last = data + size, *type = NULL;
    while (start < last) {
        const uint8_t *end = memchr(start, '\n', (size_t)(last - start));
        end = end ? end : last;
        switch (claude_line(&at.heads, start, end, &type)) {
        case LINE_USER:
            user(&at, start, end, type);
            break;
        case LINE_OTHER:
            other(&at, start, end);
            break;
        case LINE_ODD:
            careful(&at, start, end, false);
            break;
        default:
            break;
        }
        start = end + 1;
    }
    claude_close(&at);
    value_count(&at.to, place, at.steps);
    return (int64_t)at.to.size;
}
