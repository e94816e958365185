/*
 * ways.h - the ways out of a sandbox that are a single system call, each tried
 */
#ifndef CALLGATE_TESTS_CLI_WAYS_H
#define CALLGATE_TESTS_CLI_WAYS_H

/* Prints "NAME ERRNO" of each that was refused and "NAME yes" of each that was not; arguments[0] is the pid of a
 * process outside. */
int ask_ways(char **arguments);

#endif
