/* Times of log records: equal to sources/fold/times.py for the shapes that logs have. */
#include "moment.h"

#include "byte_kinds.h"

#define EARLIEST INT64_C(1672531200000) /* 2023-01-01T00:00:00Z */
#define AHEAD INT64_C(300000)

enum { FIRST_YEAR = 1970, LAST_YEAR = 2099, LONGEST = 32 };

/* The number that `count` digits at `text` say; -1 where one of them is none. */
static int number(const uint8_t *text, int count)
{
    int value = 0;
    for (int n = 0; n < count; n++) {
        if (!is_digit(text[n]))
            return -1;
        value = 10 * value + (text[n] - '0');
    }
    return value;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of(int year, int month)
{
    static const int DAYS[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return DAYS[month - 1] + (month == 2 && is_leap(year));
}

/* Days from 1970-01-01 to the date YYYY-MM-DD; -1 where there is none, or it is out of range. */
static int days(const uint8_t *text)
{
    int year = number(text, 4), month = number(text + 5, 2), day = number(text + 8, 2);
    if (text[4] != '-' || text[7] != '-' || year < FIRST_YEAR || year > LAST_YEAR)
        return -1;
    if (month < 1 || month > 12 || day < 1 || day > days_of(year, month))
        return -1;
    int past = year - FIRST_YEAR;
    int count = 365 * past + (past + 1) / 4 + day - 1;
    for (int earlier = 1; earlier < month; earlier++)
        count += days_of(year, earlier);
    return count;
}

/* Seconds of HH:MM; -1 where it is no time of a day. */
static int minutes(const uint8_t *text)
{
    int hour = number(text, 2), minute = number(text + 3, 2);
    return text[2] == ':' && hour >= 0 && hour < 24 && minute >= 0 && minute < 60
        ? 60 * (60 * hour + minute)
        : -1;
}

/* Seconds east of UTC of "", "Z", "+HH:MM", "-HH:MM"; false where it is none of these. */
static bool offset(const uint8_t *text, size_t size, int *east)
{
    *east = 0;
    if (size == 0 || (size == 1 && text[0] == 'Z'))
        return true;
    if (size != 6 || (text[0] != '+' && text[0] != '-'))
        return false;
    int away = minutes(text + 1);
    *east = text[0] == '-' ? -away : away;
    return away >= 0;
}

bool moment_ms(const uint8_t *text, size_t size, int64_t *ms)
{
    if (size < 19 || size > LONGEST || (text[10] != 'T' && text[10] != ' ') || text[16] != ':')
        return false;
    int date = days(text), past = minutes(text + 11), second = number(text + 17, 2), east = 0;
    if (date < 0 || past < 0 || second < 0 || second > 59)
        return false;
    size_t at = 19;
    int micros = 0;
    if (size > at && text[at] == '.') {
        int scale = 100000;
        for (at++; at < size && is_digit(text[at]) && scale > 0; at++, scale /= 10)
            micros += scale * (text[at] - '0');
        /* Python rounds a float: at the half of a millisecond it says which way. */
        if (at == 20 || micros % 1000 == 500)
            return false;
    }
    if (!offset(text + at, size - at, &east))
        return false;
    *ms = (INT64_C(86400) * date + past + second - east) * 1000 + (micros + 500) / 1000;
    return true;
}

int64_t moment_held(int64_t ms, int64_t seen)
{
    if (seen != 0 && ms > seen + AHEAD)
        return seen + AHEAD;
    return ms > EARLIEST ? ms : EARLIEST;
}
