# shellcheck shell=bash
# What the C library does only for whom asks, and every way to ask as a program of its own: scan leaves the calls out of
# those programs that have none.
work() {
	local way
	for way in spawn_session spawn_group spawn_scheduler spawn_folder spawn_open_folder spawn_closed spawn_terminal \
		thread_scheduled thread_placed thread_placed_alike thread_by_default thread_priority mutex_protected \
		read_later user_and_group group background closed_all walk walk_open threads_allocate processors_online \
		processors_counted stream_kept jump_from_stack timer_thread name_later random_numbers; do
		cc -O2 -w -pthread -D_GNU_SOURCE -DWAY="$way" -o "$way" "$scenarios/models.c" || return 1
		"./$way" </dev/null || { echo "$way ended with $?" >&2; return 1; }
		"$@" "./$way" </dev/null
	done
}
