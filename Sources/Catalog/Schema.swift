import GRDB
import Rules

/// The tables, and how a catalogue of an earlier version becomes one of this.
///
/// Moments are milliseconds since 1970, digests and ids are blobs, names and paths are the bytes
/// that the kernel gave. What must hold stands here as constraints: it outlives the code.
/// Rule: docs/formats.md, "Catalogue".
enum Schema {
    /// "ingd": tells SQLite's file(1) magic, and us, whose database this is.
    static let applicationID = 0x696E_6764

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("v1") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            for statement in [
                account, blob, document, documentIndexes, stageResult, stage, artifact,
                reservation, removal,
            ] {
                try db.execute(sql: statement)
            }
        }
        // Nothing that refers to anything is written, so that a long history need not be checked.
        migrator.registerMigration("v2", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: documentCount)
            // That index serves once more, and then nothing.
            try db.recount()
            try db.execute(sql: "DROP INDEX documentState")
        }
        migrator.registerMigration("v3", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: turns)
        }
        migrator.registerMigration("v4", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: requestFile)
        }
        migrator.registerMigration("v5", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: trash)
        }
        // Sums beside what there is, in tables of their own: whatever an earlier step is about, this one
        // stands after it.
        migrator.registerMigration("v6", foreignKeyChecks: .immediate) { db in
            for statement in [charge, derived, held, reservationInbox] {
                try db.execute(sql: statement)
            }
            try db.addUpCharges()
            try db.addUpDerived()
        }
        migrator.registerMigration("v7", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: formerRequests)
        }
        return migrator
    }

    /// Says whose database this is, where it says nothing yet.
    ///
    /// Before the first table is made, and in a transaction of its own: a crash between the tables must
    /// not leave a database that looks like a stranger's.
    static func mark(_ db: Database) throws {
        guard try Int.fetchOne(db, sql: "PRAGMA application_id") == 0 else { return }
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
    }

    /// - Throws: ``CatalogError`` unless the database is empty or a catalogue that we know.
    static func check(_ db: Database, path: String, migrator: DatabaseMigrator) throws {
        let id = try Int.fetchOne(db, sql: "PRAGMA application_id")
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
        guard id == applicationID || (id == 0 && tables == 0) else {
            throw CatalogError.foreign(path: path)
        }
        guard try !migrator.hasBeenSuperseded(db) else { throw CatalogError.newer(path: path) }
    }

    /// Copies the catalogue beside itself, named after the version that it has, if it is about to
    /// be brought up to another. A copy of an earlier attempt is replaced: this one is newer.
    static func backUp(
        _ queue: DatabaseQueue, path: String, before migrator: DatabaseMigrator
    ) throws {
        let (last, isDone) = try queue.read { db in
            (try migrator.appliedMigrations(db).last, try migrator.hasCompletedMigrations(db))
        }
        guard let last, !isDone else { return }
        try queue.copyWhole(to: "\(path).\(last)")
    }

    private static let account = """
        CREATE TABLE account (
            uid INTEGER PRIMARY KEY CHECK (uid BETWEEN 0 AND 4294967295),
            usedBytes INTEGER NOT NULL DEFAULT 0 CHECK (usedBytes >= 0),
            usedFiles INTEGER NOT NULL DEFAULT 0 CHECK (usedFiles >= 0)
        ) STRICT;
        """

    private static let blob = """
        CREATE TABLE blob (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            size INTEGER NOT NULL CHECK (size >= 0)
        ) STRICT, WITHOUT ROWID;
        """

    /// `state` and `dueAt` follow from the stages and are written with them, so that picking work
    /// and counting need not look at every stage that ever ran.
    private static let document = """
        CREATE TABLE document (
            id BLOB PRIMARY KEY CHECK (length(id) = 16),
            uid INTEGER NOT NULL REFERENCES account(uid),
            inbox BLOB NOT NULL,
            path BLOB NOT NULL CHECK (length(path) > 0),
            kind TEXT NOT NULL,
            size INTEGER NOT NULL CHECK (size >= 0),
            digest BLOB NOT NULL REFERENCES blob(digest),
            proof TEXT NOT NULL,
            receivedAt INTEGER NOT NULL,
            startedAt INTEGER,
            completedAt INTEGER,
            version INTEGER CHECK (version >= 1),
            isToMoveAside INTEGER NOT NULL DEFAULT 0
                CHECK (isToMoveAside IN (0, 1) AND (isToMoveAside = 0 OR version IS NOT NULL)),
            warnings TEXT NOT NULL DEFAULT '',
            result TEXT,
            state TEXT NOT NULL,
            dueAt INTEGER
        ) STRICT, WITHOUT ROWID;
        """

    private static let documentIndexes = """
        CREATE UNIQUE INDEX documentCurrent ON document(uid, inbox, path) WHERE version IS NULL;
        CREATE UNIQUE INDEX documentVersion ON document(uid, inbox, path, version)
            WHERE version IS NOT NULL;
        CREATE INDEX documentPath ON document(inbox, path, id);
        CREATE INDEX documentDue ON document(uid, inbox, id, dueAt) WHERE dueAt IS NOT NULL;
        CREATE INDEX documentAside ON document(id) WHERE isToMoveAside = 1;
        CREATE INDEX documentState ON document(inbox, state);
        CREATE INDEX documentDigest ON document(digest);
        """

    /// How many documents of an inbox stand in each state, kept by the database itself with every row
    /// that changes: the inbox's status file must not cost more as its history grows.
    ///
    /// Numbers without constraints, since a wrong one must never keep a document from its next state.
    private static let documentCount = """
        CREATE TABLE documentCount (
            inbox BLOB NOT NULL,
            state TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (inbox, state)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER documentAdded AFTER INSERT ON document BEGIN
            INSERT INTO documentCount (inbox, state, count) VALUES (NEW.inbox, NEW.state, 1)
            ON CONFLICT (inbox, state) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER documentChanged AFTER UPDATE OF inbox, state ON document
        WHEN OLD.state <> NEW.state OR OLD.inbox <> NEW.inbox BEGIN
            UPDATE documentCount SET count = count - 1
            WHERE inbox = OLD.inbox AND state = OLD.state;
            INSERT INTO documentCount (inbox, state, count) VALUES (NEW.inbox, NEW.state, 1)
            ON CONFLICT (inbox, state) DO UPDATE SET count = count + 1;
        END;
        CREATE TRIGGER documentRemoved AFTER DELETE ON document BEGIN
            UPDATE documentCount SET count = count - 1
            WHERE inbox = OLD.inbox AND state = OLD.state;
        END;
        """

    /// What is due is kept apart from what waits for a time, each in the order in which it is asked
    /// for: the first row is the answer, however many there are.
    ///
    /// `place` is a moment, and tells who comes first of an account's documents; whatever was open
    /// before keeps the order in which it came. `requestWarning` is why the last request was not carried
    /// out: told among the warnings, but no part of the state. A stage that `isAnew` runs though its result, or its
    /// failure, is known.
    private static let turns = """
        ALTER TABLE document ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE document ADD COLUMN requestWarning TEXT;
        ALTER TABLE stage ADD COLUMN isAnew INTEGER NOT NULL DEFAULT 0 CHECK (isAnew IN (0, 1));
        UPDATE document SET place = receivedAt WHERE dueAt IS NOT NULL;
        CREATE INDEX documentTurn ON document(uid, inbox, place, id, dueAt) WHERE dueAt = 0;
        CREATE INDEX documentLater ON document(uid, inbox, dueAt, id) WHERE dueAt > 0;
        CREATE INDEX documentContent ON document(digest, uid);
        DROP INDEX documentDue;
        DROP INDEX documentDigest;
        """

    /// The file by which a document was last granted something: one that a crash has left there is known.
    private static let requestFile = "ALTER TABLE document ADD COLUMN requestFile TEXT"

    /// `scope` is empty where the stage depends on content alone, so that all the account's
    /// documents of a blob share the row; else it is the document's id.
    private static let stageResult = """
        CREATE TABLE stageResult (
            id INTEGER PRIMARY KEY,
            uid INTEGER NOT NULL REFERENCES account(uid),
            digest BLOB NOT NULL REFERENCES blob(digest),
            stage TEXT NOT NULL,
            stageVersion INTEGER NOT NULL,
            parameters TEXT NOT NULL,
            scope BLOB NOT NULL CHECK (length(scope) IN (0, 16)),
            result TEXT,
            warnings TEXT NOT NULL DEFAULT '',
            UNIQUE (uid, digest, stage, stageVersion, parameters, scope)
        ) STRICT;
        CREATE INDEX stageResultDigest ON stageResult(digest);
        """

    private static let stage = """
        CREATE TABLE stage (
            documentId BLOB NOT NULL REFERENCES document(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            position INTEGER NOT NULL CHECK (position >= 0),
            isRequired INTEGER NOT NULL CHECK (isRequired IN (0, 1)),
            stageVersion INTEGER NOT NULL,
            parameters TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('pending', 'processing', 'retrying', 'completed', 'failed', 'skipped')),
            attempt INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
            interruptions INTEGER NOT NULL DEFAULT 0 CHECK (interruptions >= 0),
            startedAt INTEGER,
            completedAt INTEGER,
            nextAttemptAt INTEGER CHECK ((nextAttemptAt IS NOT NULL) = (state = 'retrying')),
            errorCode TEXT CHECK (errorCode IS NOT NULL OR state <> 'failed'),
            errorMessage TEXT CHECK ((errorMessage IS NULL) = (errorCode IS NULL)),
            errorDetail TEXT CHECK ((errorDetail IS NULL) = (errorCode IS NULL)),
            seconds REAL,
            resultId INTEGER REFERENCES stageResult(id)
                CHECK (resultId IS NULL OR state = 'completed'),
            PRIMARY KEY (documentId, name),
            UNIQUE (documentId, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX stageRunning ON stage(documentId) WHERE state = 'processing';
        CREATE INDEX stageResultUse ON stage(resultId) WHERE resultId IS NOT NULL;
        """

    private static let artifact = """
        CREATE TABLE artifact (
            resultId INTEGER NOT NULL REFERENCES stageResult(id) ON DELETE CASCADE,
            position INTEGER NOT NULL CHECK (position >= 0),
            name TEXT NOT NULL CHECK (length(name) > 0),
            digest BLOB NOT NULL REFERENCES blob(digest),
            size INTEGER NOT NULL CHECK (size >= 0),
            mediaType TEXT NOT NULL,
            PRIMARY KEY (resultId, position),
            UNIQUE (resultId, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX artifactDigest ON artifact(digest);
        """

    /// `id` is the id that the document will bear.
    private static let reservation = """
        CREATE TABLE reservation (
            id BLOB PRIMARY KEY CHECK (length(id) = 16),
            uid INTEGER NOT NULL,
            bytes INTEGER NOT NULL CHECK (bytes >= 0),
            files INTEGER NOT NULL CHECK (files >= 0),
            expiresAt INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX reservationAccount ON reservation(uid);
        """

    /// Device and inode are kept as signed numbers with the same bits.
    private static let removal = """
        CREATE TABLE removal (
            documentId BLOB PRIMARY KEY REFERENCES document(id) ON DELETE CASCADE,
            uid INTEGER NOT NULL,
            inbox BLOB NOT NULL,
            path BLOB NOT NULL CHECK (length(path) > 0),
            device INTEGER NOT NULL,
            inode INTEGER NOT NULL,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            changed INTEGER NOT NULL,
            failedAt INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX removalPath ON removal(inbox, path);
        """
}

extension Database {
    /// Counts the documents of each inbox and state anew.
    func recount() throws {
        try execute(
            sql: """
                DELETE FROM documentCount;
                INSERT INTO documentCount (inbox, state, count)
                    SELECT inbox, state, count(*) FROM document GROUP BY inbox, state;
                """)
    }
}
