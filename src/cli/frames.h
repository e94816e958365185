/*
 * cli/frames.h - the backtrace of a refused call, asked of `callgate backtrace` in a process of its own
 */
#ifndef CALLGATE_CLI_FRAMES_H
#define CALLGATE_CLI_FRAMES_H

#include <callgate/launch.h>

#include <jansson.h>

/* An array of frames as `callgate backtrace --json` prints them, the innermost first; empty where there is none to be
 * had: on another machine, without callgate-observe, or when it takes too long. NULL without memory. To be called while
 * the refusal is told. */
json_t *refusal_frames(const struct callgate_refusal *refusal);

/* Says one on stderr: "  at openat+0x1b (libc.so.6+0x10f2a7)". */
void say_frame(const json_t *frame);

#endif
