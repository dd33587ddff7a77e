import GRDB

// Sums that the database itself keeps with every row that changes: asking for them must not cost more
// as a history grows. Numbers without constraints, as those of ``documentCount``.
extension Schema {
    /// What an account is charged, by inbox and kind; together it is what its row in `account` says.
    static let charge = """
        CREATE TABLE charge (
            uid INTEGER NOT NULL,
            inbox BLOB NOT NULL,
            kind TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            files INTEGER NOT NULL,
            PRIMARY KEY (uid, inbox, kind)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER documentCharged AFTER INSERT ON document BEGIN
            INSERT INTO charge (uid, inbox, kind, bytes, files)
            VALUES (NEW.uid, NEW.inbox, NEW.kind, NEW.size, 1)
            ON CONFLICT (uid, inbox, kind)
            DO UPDATE SET bytes = bytes + excluded.bytes, files = files + 1;
        END;
        CREATE TRIGGER documentRecharged AFTER UPDATE OF uid, inbox, kind, size ON document BEGIN
            UPDATE charge SET bytes = bytes - OLD.size, files = files - 1
            WHERE uid = OLD.uid AND inbox = OLD.inbox AND kind = OLD.kind;
            INSERT INTO charge (uid, inbox, kind, bytes, files)
            VALUES (NEW.uid, NEW.inbox, NEW.kind, NEW.size, 1)
            ON CONFLICT (uid, inbox, kind)
            DO UPDATE SET bytes = bytes + excluded.bytes, files = files + 1;
        END;
        CREATE TRIGGER documentDischarged AFTER DELETE ON document BEGIN
            UPDATE charge SET bytes = bytes - OLD.size, files = files - 1
            WHERE uid = OLD.uid AND inbox = OLD.inbox AND kind = OLD.kind;
        END;
        """

    /// What was made of an account's files, by class: `results` is the sum of the artifacts, the others
    /// are set by who makes them.
    ///
    /// With a result its artifacts go too, but after it: so its sum is taken off before.
    static let derived = """
        CREATE TABLE derived (
            uid INTEGER NOT NULL,
            class TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            PRIMARY KEY (uid, class)
        ) STRICT, WITHOUT ROWID;
        CREATE TRIGGER artifactAdded AFTER INSERT ON artifact BEGIN
            INSERT INTO derived (uid, class, bytes)
            SELECT uid, 'results', NEW.size FROM stageResult WHERE id = NEW.resultId
            ON CONFLICT (uid, class) DO UPDATE SET bytes = bytes + excluded.bytes;
        END;
        CREATE TRIGGER artifactResized AFTER UPDATE OF size ON artifact BEGIN
            UPDATE derived SET bytes = bytes + NEW.size - OLD.size
            WHERE class = 'results'
                AND uid = (SELECT uid FROM stageResult WHERE id = NEW.resultId);
        END;
        CREATE TRIGGER artifactRemoved AFTER DELETE ON artifact BEGIN
            UPDATE derived SET bytes = bytes - OLD.size
            WHERE class = 'results'
                AND uid = (SELECT uid FROM stageResult WHERE id = OLD.resultId);
        END;
        CREATE TRIGGER resultRemoved BEFORE DELETE ON stageResult BEGIN
            UPDATE derived SET bytes = bytes
                - (SELECT coalesce(sum(size), 0) FROM artifact WHERE resultId = OLD.id)
            WHERE uid = OLD.uid AND class = 'results';
        END;
        """

    /// The drops that found no room, as the daemon last counted them, for who asks beside it. No promise
    /// rests on it: the drops themselves lie in their inboxes.
    static let held = """
        CREATE TABLE held (
            uid INTEGER NOT NULL,
            inbox BLOB NOT NULL,
            bytes INTEGER NOT NULL,
            files INTEGER NOT NULL,
            PRIMARY KEY (uid, inbox)
        ) STRICT, WITHOUT ROWID;
        """

    /// For which inbox room is held; of reservations that an earlier ingestd made nobody knows, and the
    /// next start cancels them.
    static let reservationInbox =
        "ALTER TABLE reservation ADD COLUMN inbox BLOB NOT NULL DEFAULT x''"
}

extension Database {
    /// Adds up what is charged by inbox and kind anew.
    func addUpCharges() throws {
        try execute(
            sql: """
                DELETE FROM charge;
                INSERT INTO charge (uid, inbox, kind, bytes, files)
                    SELECT uid, inbox, kind, sum(size), count(*) FROM document
                    GROUP BY uid, inbox, kind;
                """)
    }

    /// Adds up what stages have made anew; the other classes are nothing that the catalogue can count.
    func addUpDerived() throws {
        try execute(
            sql: """
                DELETE FROM derived WHERE class = 'results';
                INSERT INTO derived (uid, class, bytes)
                    SELECT uid, 'results', sum(size) FROM artifact
                    JOIN stageResult ON stageResult.id = artifact.resultId GROUP BY uid;
                """)
    }
}
