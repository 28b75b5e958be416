/* What every C file here includes: exact integers, and the mark of a function that Python calls.
 *
 * All functions are pure: bytes in, numbers out, or values of Python (values.h). None keeps
 * anything between two calls, allocates, recurses, or reads outside of what it is handed.
 */
#ifndef COSTTOP_API_H
#define COSTTOP_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COSTTOP_API __attribute__((visibility("default")))

/* The number of the sources that this was made from (costtop/native/library.py). */
COSTTOP_API int32_t costtop_made_from(void);

#endif
