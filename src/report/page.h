/*
 * report/page.h - where in a page its data stands
 */
#ifndef CALLGATE_REPORT_PAGE_H
#define CALLGATE_REPORT_PAGE_H

/* Behind it stands the data, up to the next "</script>", which the data cannot contain. */
#define PAGE_DATA_OPENS "<script type=\"application/json\" id=\"data\">"

#endif
