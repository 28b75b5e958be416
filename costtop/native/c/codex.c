/* Reads the lines of a Codex rollout: what each says that is regular, and which lines are not.
 *
 * A line is regular where Python, decoding it, would take from it exactly what its row says
 * (costtop/sources/codex/scanned.py). Whatever is in doubt makes it a careful line, never a wrong
 * row. From line to line it knows nothing but which rate limits were told last.
 */
#include "codex.h"

#include <string.h>

#include "codex_fields.h"
#include "fingerprint.h"
#include "moment.h"
#include "tool_failure.h"

typedef struct {
    const uint8_t *data;
    json_span limits; /* told last; empty: none, or such as count from their record's time */
} scan;

static void put_span(const scan *scan, int64_t into[2], json_span span)
{
    into[0] = span.start - scan->data;
    into[1] = span.end - scan->data;
}

/* The span of a name, of silence an empty one; false where it is neither. */
static bool put_name(const scan *scan, int64_t into[2], codex_value name)
{
    into[0] = into[1] = 0;
    if (name.is == NAME)
        put_span(scan, into, name.span);
    return codex_named(name);
}

/* -- tools ------------------------------------------------ */

static bool tool_asked(const scan *scan, const codex_value *fields, int64_t *row)
{
    int which = ARGUMENTS;
    while (which <= ACTION && codex_silent(fields[which]))
        which++;
    if (which > ACTION)
        return false;
    int64_t *tool = row + CODEX_TOOL;
    row[CODEX_KIND] = CODEX_ASKED;
    if (!put_name(scan, row + CODEX_CALL_ID, fields[CALL_ID]) ||
        !put_name(scan, tool, fields[TOOL]))
        return false;
    static const uint8_t SHELL[] = "shell"; /* one that has no name */
    json_span arguments = fields[which].span;
    const uint8_t *name = tool[0] < tool[1] ? scan->data + tool[0] : SHELL;
    size_t size = tool[0] < tool[1] ? (size_t)(tool[1] - tool[0]) : sizeof SHELL - 1;
    fingerprint(arguments.start, (size_t)(arguments.end - arguments.start), name, size,
                (uint8_t *)(row + CODEX_HASH));
    return true;
}

static bool tool_answered(const scan *scan, const codex_value *fields, int64_t *row)
{
    struct outcome told;
    json_span output = fields[OUTPUT].span;
    if (fields[CALL_ID].is != NAME || fields[OUTPUT].is != RAW)
        return false;
    int64_t *id = row + CODEX_CALL_ID, *failure = row + CODEX_FAILURE;
    row[CODEX_KIND] = CODEX_ANSWERED;
    put_name(scan, id, fields[CALL_ID]);
    if (id[0] == id[1])
        return false; /* it answers nothing */
    put_span(scan, row + CODEX_OUTPUT, output);
    row[CODEX_FAILED] = tool_failed(output);
    outcome(output.start, (size_t)(output.end - output.start), row[CODEX_FAILED], &told);
    memcpy(row + CODEX_RESULT, told.hash, sizeof told.hash);
    *failure = told.has_kind ? 0 : -1;
    for (size_t nth = 0; told.has_kind && nth < sizeof told.kind; nth++)
        *failure = *failure << 8 | told.kind[nth];
    return true;
}

static bool is_same_call(const scan *scan, const int64_t *row, const int64_t *before)
{
    const int64_t *id = row + CODEX_CALL_ID, *other = before + CODEX_CALL_ID;
    return row[CODEX_KIND] == CODEX_ANSWERED && before[CODEX_KIND] == CODEX_ASKED &&
           id[1] - id[0] == other[1] - other[0] &&
           memcmp(scan->data + id[0], scan->data + other[0], (size_t)(id[1] - id[0])) == 0;
}

/* Makes one row, `before`, of an answer and the call right before it, or of a count and both. */
static bool joined(const scan *scan, int64_t *row, int64_t *before)
{
    if (is_same_call(scan, row, before)) {
        before[CODEX_KIND] = CODEX_USED;
        before[CODEX_TIME] = row[CODEX_TIME];
        memcpy(before + CODEX_OUTPUT, row + CODEX_OUTPUT, 4 * sizeof *row);
        before[CODEX_RESULT] = row[CODEX_RESULT];
        return true;
    }
    if (row[CODEX_KIND] != CODEX_COUNTED || before[CODEX_KIND] != CODEX_USED)
        return false;
    before[CODEX_ANSWER_TIME] = before[CODEX_TIME];
    memcpy(before, row, CODEX_CALL_ID * sizeof *row);
    return true;
}

static bool item(const scan *scan, const codex_value *fields, int64_t *row)
{
    json_span type = fields[TYPE].span;
    if (json_is(type, "function_call") || json_is(type, "custom_tool_call") ||
        json_is(type, "local_shell_call"))
        return tool_asked(scan, fields, row);
    if (json_is(type, "function_call_output") || json_is(type, "custom_tool_call_output"))
        return tool_answered(scan, fields, row);
    row[CODEX_KIND] = CODEX_NOTHING; /* but any other "…_output" is an answer, too */
    return type.end - type.start < 7 || !behind(type.end - 7, type.end, "_output");
}

/* -- counts ----------------------------------------------- */

/* Where the limits stand; of those that say what the ones before said, where they stood. */
static void put_limits(scan *scan, int64_t into[2], codex_value limits)
{
    into[0] = into[1] = 0;
    if (limits.is != RAW)
        return;
    if (json_same(scan->limits, limits.span)) {
        put_span(scan, into, scan->limits);
        return;
    }
    scan->limits = limits.span;
    put_span(scan, into, limits.span);
    const uint8_t *at = limits.span.start, *end = limits.span.end;
    for (; (at = memchr(at, '"', (size_t)(end - at))); at++)
        if (behind(at, end, "\"resets_in_seconds\""))
            scan->limits.end = scan->limits.start;
}

static bool token_count(scan *scan, const codex_value *fields, int64_t *row)
{
    if (!codex_silent(fields[MODEL]))
        return false;
    row[CODEX_KIND] = codex_silent(fields[INFO]) ? CODEX_LIMITS : CODEX_COUNTED;
    row[CODEX_FAILED] = -1;
    if (row[CODEX_KIND] == CODEX_COUNTED &&
        !(codex_info(fields[INFO].span, row + CODEX_TOTAL, row + CODEX_COUNTS) &&
          codex_fit(row + CODEX_COUNTS)))
        return false;
    put_limits(scan, row + CODEX_SPAN, fields[RATE_LIMITS]);
    return true;
}

/* One request as CLI 0.150 and later log it, with its response's id. */
static bool usage_record(const scan *scan, const codex_value *fields, int64_t *row)
{
    int64_t whole[6], *span = row + CODEX_SPAN;
    row[CODEX_KIND] = CODEX_REQUEST;
    if (fields[USAGE].is != RAW || fields[RESPONSE_ID].is != NAME)
        return false;
    if (!codex_silent(fields[THREAD_USAGE]) && !codex_usage(fields[THREAD_USAGE].span, whole))
        return false;
    if (!codex_usage(fields[USAGE].span, row + CODEX_COUNTS) || !codex_fit(row + CODEX_COUNTS))
        return false;
    return put_name(scan, span, fields[MODEL]) && put_name(scan, span + 2, fields[TURN_ID]) &&
           put_name(scan, span + 4, fields[RESPONSE_ID]) && span[4] < span[5] &&
           put_name(scan, span + 6, fields[THREAD_ID]);
}

/* -- turns ------------------------------------------------ */

static bool turn_context(const scan *scan, const codex_value *fields, int64_t *row)
{
    int64_t *span = row + CODEX_SPAN;
    row[CODEX_KIND] = CODEX_CONTEXT;
    return put_name(scan, span, fields[TURN_ID]) && put_name(scan, span + 2, fields[CWD]) &&
           put_name(scan, span + 4, fields[MODEL]);
}

static bool is_fine(const codex_value *fields)
{
    codex_value code = fields[EXIT_CODE], success = fields[SUCCESS];
    return (codex_silent(code) || (code.is == NUMBER && code.number == 0)) &&
           (codex_silent(success) || success.is == YES);
}

static bool event(scan *scan, const codex_value *fields, int64_t *row)
{
    json_span type = fields[TYPE].span;
    if (json_is(type, "token_count"))
        return token_count(scan, fields, row);
    if (json_is(type, "task_started") || json_is(type, "turn_started")) {
        row[CODEX_KIND] = CODEX_STARTED;
        return put_name(scan, row + CODEX_SPAN, fields[TURN_ID]);
    }
    if (json_is(type, "task_complete") || json_is(type, "turn_complete")) {
        row[CODEX_KIND] = CODEX_COMPLETED;
        return put_name(scan, row + CODEX_SPAN, fields[TURN_ID]) && codex_silent(fields[ERROR]);
    }
    row[CODEX_KIND] = CODEX_NOTHING;
    if (json_is(type, "exec_command_end") || json_is(type, "mcp_tool_call_end") ||
        json_is(type, "patch_apply_end"))
        return is_fine(fields);
    return !json_is(type, "turn_aborted") && !json_is(type, "thread_settings_applied") &&
           !json_is(type, "account/rateLimits/updated");
}

/* -- lines ------------------------------------------------ */

/* As `_IDLE_HEAD` of rollouts.py: a line that says nothing is known by its head. */
static bool is_idle(const uint8_t *at, const uint8_t *end)
{
    at = behind(at, end, "{\"timestamp\":\"");
    while (at && at < end && *at != '"' && *at != '\\')
        at++;
    at = behind(at, end, "\",\"type\":\"");
    const uint8_t *item = behind(at, end, "response_item\",\"payload\":{\"type\":\"");
    if (item)
        return behind(item, end, "message\"") || behind(item, end, "reasoning\"");
    const uint8_t *event = behind(at, end, "event_msg\",\"payload\":{\"type\":\"");
    return behind(event, end, "agent_") || behind(event, end, "user_message");
}

/* Reads one line into `row`; false: it is a careful one, and what stands in `row` is nothing. */
static bool regular(scan *scan, const uint8_t *start, const uint8_t *end, int64_t *row)
{
    codex_record record;
    if (!codex_line(start, end, &record) || record.time.is != NAME || record.type.is != NAME)
        return false;
    json_span time = record.time.span, type = record.type.span;
    if (!moment_ms(time.start, (size_t)(time.end - time.start), &row[CODEX_TIME]))
        return false;
    memset(row + CODEX_LINE, 0, (CODEX_ROW - CODEX_LINE) * sizeof *row);
    row[CODEX_LINE] = start - scan->data;
    if (json_is(type, "turn_context"))
        return turn_context(scan, record.fields, row);
    if (json_is(type, "token_usage_record"))
        return usage_record(scan, record.fields, row);
    if (record.fields[TYPE].is != NAME)
        return false;
    if (json_is(type, "response_item"))
        return item(scan, record.fields, row);
    return json_is(type, "event_msg") && event(scan, record.fields, row);
}

/* Adds a careful line to those right before it, or a row; how many rows there are. */
static size_t careful(int64_t *out, size_t rows, int64_t start, int64_t end)
{
    int64_t *row = out + rows * CODEX_ROW, *before = row - CODEX_ROW;
    if (rows && before[CODEX_KIND] == CODEX_CAREFUL && before[CODEX_SPAN + 1] == start) {
        before[CODEX_SPAN + 1] = end;
        return rows;
    }
    memset(row, 0, CODEX_ROW * sizeof *row);
    row[CODEX_KIND] = CODEX_CAREFUL;
    row[CODEX_SPAN] = start;
    row[CODEX_SPAN + 1] = end;
    return rows + 1;
}

/* Adds a row that is complete but for what it joins; how many rows there are. */
static size_t added(const scan *scan, size_t rows, int64_t *row)
{
    if (row[CODEX_KIND] == CODEX_NOTHING || (rows && joined(scan, row, row - CODEX_ROW)))
        return rows;
    return rows + 1;
}

/* Says of each count how many follow each other: other limits have to be looked at in between. */
static void count_left(int64_t *out, size_t rows)
{
    for (int64_t *row = out + rows * CODEX_ROW, left = 0; row > out;) {
        row -= CODEX_ROW;
        left = row[CODEX_KIND] == CODEX_COUNTED ? left + 1 : 0;
        row[CODEX_LEFT] = left;
        if (row > out && row[CODEX_SPAN] != 0 && row[CODEX_SPAN] != row[CODEX_SPAN - CODEX_ROW])
            left = 0;
    }
}

int64_t costtop_codex(const uint8_t *data, size_t size, int64_t *out, size_t capacity,
                      size_t *from)
{
    scan scan = {data, {data, data, true}};
    const uint8_t *at = data + *from, *end = data + size, *next;
    size_t rows = 0;
    for (; at < end && rows < capacity; at = next) {
        int64_t *row = out + rows * CODEX_ROW;
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        next = stop ? stop + 1 : end;
        stop = stop ? stop : end;
        bool whole = stop - at > 1 && *at == '{' && stop[-1] == '}';
        if (stop == at || (whole && is_idle(at, stop)))
            continue;
        rows = whole && regular(&scan, at, stop, row)
            ? added(&scan, rows, row)
            : careful(out, rows, at - data, next - data);
    }
    count_left(out, rows);
    *from = (size_t)(at - data);
    return (int64_t)rows;
}
