/*
 * cli/frames.h - the backtrace of a refused call, asked of `callgate backtrace` in a process of its own
 */
#ifndef CALLGATE_CLI_FRAMES_H
#define CALLGATE_CLI_FRAMES_H

#include <callgate/launch.h>

/* Fills up to limit frames and gives their number, the innermost first; 0 where there is none to be had: on another
 * machine, without callgate-observe, or when it takes too long. To be called while the refusal is told. */
size_t refusal_frames(const struct callgate_refusal *refusal, struct callgate_frame *frames, size_t limit);

/* Says that a backtrace was wanted and there is none, and why. */
void say_no_frames(void);

/* "openat+0x1b (libc.so.6+0x10f2a7) open.c:45" */
enum { FRAME_TEXT = 1024 };
void spell_frame(const struct callgate_frame *frame, char *text, size_t size);

/* Says one on stderr: "  at openat+0x1b (libc.so.6+0x10f2a7)". */
void say_frame(const struct callgate_frame *frame);

#endif
