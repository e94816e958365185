/*
 * bench/times.h - times of one thing measured again and again
 */
#ifndef CALLGATE_BENCH_TIMES_H
#define CALLGATE_BENCH_TIMES_H

#include <stddef.h>

double times_now(void);				  /* in microseconds, from no matter when */
double times_median(double *times, size_t count); /* sorts them */

#endif
