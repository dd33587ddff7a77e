// What SQLite offers as a variadic call alone. One function, one call, one code back: SQLite's own.
#ifndef CLINUX_SQLITE_H
#define CLINUX_SQLITE_H

// Declared as <sqlite3.h> does: to include it would have its types in two modules.
struct sqlite3;
int sqlite3_db_config(struct sqlite3 *connection, int what, ...);

// Lets a connection close without a lock for itself: it leaves the log of writes as it is.
// Rule: https://sqlite.org/c3ref/c_dbconfig_defensive.html, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE.
static inline int linux_sqlite_close_without_checkpoint(struct sqlite3 *connection) {
    return sqlite3_db_config(connection, 1006, 1, (int *)0);
}

#endif
