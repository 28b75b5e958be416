/* Whether an output of a tool says that its command failed, as `tool_calls.failed`. */
#ifndef COSTTOP_TOOL_FAILURE_H
#define COSTTOP_TOOL_FAILURE_H

#include <string.h>

#include "json.h"

/* `output` is raw JSON. */
bool tool_failed(json_span output);

/* Behind `text`, or NULL where something else stands, or `at` is NULL. */
static inline const uint8_t *behind(const uint8_t *at, const uint8_t *end, const char *text)
{
    size_t size = strlen(text);
    return at && (size_t)(end - at) >= size && memcmp(at, text, size) == 0 ? at + size : NULL;
}

#endif
