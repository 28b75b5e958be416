/* Says which sources the shared object was made from; the build defines the number. */
#include "api.h"

#ifndef COSTTOP_MADE_FROM
#define COSTTOP_MADE_FROM (-1) /* compiled by hand: never taken by library.py */
#endif

int32_t costtop_made_from(void)
{
    return COSTTOP_MADE_FROM;
}
