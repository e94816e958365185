/* callgate/callgate.h - the whole of the library's interface */
#ifndef CALLGATE_CALLGATE_H
#define CALLGATE_CALLGATE_H

#include <callgate/action.h>
#include <callgate/backtrace.h>
#include <callgate/capture.h>
#include <callgate/check.h>
#include <callgate/convert.h>
#include <callgate/cost.h>
#include <callgate/doctor.h>
#include <callgate/error.h>
#include <callgate/event.h>
#include <callgate/filter.h>
#include <callgate/launch.h>
#include <callgate/learn.h>
#include <callgate/monitor.h>
#include <callgate/notify.h>
#include <callgate/policy.h>
#include <callgate/pool.h>
#include <callgate/privsep.h>
#include <callgate/profile.h>
#include <callgate/sandbox.h>
#include <callgate/scan.h>
#include <callgate/subject.h>
#include <callgate/trap.h>

#endif
