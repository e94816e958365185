/*
 * floor.h - the same ground with nothing of ours: what the kernel charges for it
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

/* Starts a static program, as /true, on that ground and waits for its end; wait's status, −1 when it could not. */
int floor_run(const char *program);

#endif
