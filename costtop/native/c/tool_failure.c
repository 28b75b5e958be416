/* Whether an output of a tool says that its command failed, as `tool_calls.failed`. */
#include "tool_failure.h"

#include <string.h>

enum { ENDS = 400 }; /* bytes looked at on both sides of an output */

/* Passes over `\s*` of a pattern for bytes. */
static const uint8_t *blanks(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || (*at >= '\t' && *at <= '\r')))
        at++;
    return at;
}

/* Behind `\\?"\s*:\s*`, or NULL. */
static const uint8_t *colon(const uint8_t *at, const uint8_t *end)
{
    if (at && at < end && *at == '\\')
        at++;
    at = behind(at, end, "\"");
    at = at ? behind(blanks(at, end), end, ":") : NULL;
    return at ? blanks(at, end) : NULL;
}

/* `-?[1-9]` */
static bool is_code(const uint8_t *at, const uint8_t *end)
{
    if (at && at < end && *at == '-')
        at++;
    return at && at < end && *at >= '1' && *at <= '9';
}

/* Whether `before`, "xit" and what stands `at` are an exit code that is not 0. */
static bool is_bad_exit(uint8_t before, const uint8_t *at, const uint8_t *end)
{
    if (before == 'e' && is_code(colon(behind(at, end, "_code"), end), end))
        return true;
    if (before != 'e' && before != 'E')
        return false;
    const uint8_t *with = behind(at, end, "ed with");
    at = behind(with ? with : at, end, " code");
    if (at && at < end && *at == ':')
        at++;
    const uint8_t *code = at ? blanks(at, end) : NULL;
    return code > at && is_code(code, end);
}

static bool tells_failure(const uint8_t *start, const uint8_t *end)
{
    static const char *const said[] = {"\"execution error", "\"failed to", "\"Error:"};
    for (size_t nth = 0; nth < sizeof said / sizeof *said; nth++)
        if (behind(start, end, said[nth]))
            return true;
    for (const uint8_t *at = start; (at = memchr(at, 'x', (size_t)(end - at))); at++)
        if (at > start && behind(at, end, "xit") && is_bad_exit(at[-1], at + 3, end))
            return true;
    for (const uint8_t *at = start; (at = memchr(at, '"', (size_t)(end - at))); at++)
        if (behind(colon(behind(at, end, "\"success"), end), end, "false"))
            return true;
    return false;
}

bool tool_failed(json_span output)
{
    if (output.end - output.start <= 2 * ENDS)
        return tells_failure(output.start, output.end);
    return tells_failure(output.start, output.start + ENDS) ||
           tells_failure(output.end - ENDS, output.end);
}
