extension Schema {
    /// What was deleted, kept apart from the documents: no statement of a drop's life meets it.
    ///
    /// A row stands for a whole document, and `trashStage` for its stages as they were, so that what
    /// they made is kept too. It is in the trash while `expiresAt` is not zero: what had to make room
    /// for others expires at once, and goes when its turn comes. `isToTidy` says that its sidecars may
    /// still be there. `account` counts what is in the trash by the sizes of the originals.
    ///
    /// `keptImport` knows whose imported rows stay for good. `unusedBlob` is what nothing referred to
    /// when it was written: whether that is still so is asked again before its bytes go.
    static let trash = """
        ALTER TABLE document ADD COLUMN modified INTEGER;
        ALTER TABLE account ADD COLUMN trashBytes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE account ADD COLUMN trashFiles INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX documentOver ON document(inbox, completedAt, id, state)
            WHERE completedAt IS NOT NULL;
        CREATE TABLE trash (
            id BLOB PRIMARY KEY CHECK (length(id) = 16),
            uid INTEGER NOT NULL REFERENCES account(uid),
            inbox BLOB NOT NULL,
            path BLOB NOT NULL CHECK (length(path) > 0),
            kind TEXT NOT NULL,
            size INTEGER NOT NULL CHECK (size >= 0),
            digest BLOB NOT NULL REFERENCES blob(digest),
            proof TEXT NOT NULL,
            receivedAt INTEGER NOT NULL,
            version INTEGER CHECK (version >= 1),
            warnings TEXT NOT NULL,
            result TEXT,
            requestFile TEXT,
            modified INTEGER,
            deletedAt INTEGER NOT NULL,
            expiresAt INTEGER NOT NULL,
            isToTidy INTEGER NOT NULL CHECK (isToTidy IN (0, 1)),
            importedRows TEXT NOT NULL CHECK (importedRows IN ('none', 'kept', 'leaving', 'gone'))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX trashPath ON trash(uid, inbox, path, deletedAt);
        CREATE INDEX trashOldest ON trash(uid, deletedAt, id, size) WHERE expiresAt > 0;
        CREATE INDEX trashExpiry ON trash(expiresAt, id)
            WHERE isToTidy = 0 AND importedRows <> 'leaving';
        CREATE INDEX trashOwed ON trash(uid, inbox, id)
            WHERE isToTidy = 1 OR importedRows = 'leaving';
        CREATE INDEX trashDigest ON trash(digest);
        CREATE TABLE trashStage (
            documentId BLOB NOT NULL REFERENCES trash(id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            position INTEGER NOT NULL,
            isRequired INTEGER NOT NULL,
            stageVersion INTEGER NOT NULL,
            parameters TEXT NOT NULL,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            interruptions INTEGER NOT NULL,
            startedAt INTEGER,
            completedAt INTEGER,
            nextAttemptAt INTEGER,
            errorCode TEXT,
            errorMessage TEXT,
            errorDetail TEXT,
            seconds REAL,
            resultId INTEGER REFERENCES stageResult(id),
            isAnew INTEGER NOT NULL,
            PRIMARY KEY (documentId, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX trashStageResultUse ON trashStage(resultId) WHERE resultId IS NOT NULL;
        CREATE TABLE keptImport (
            documentId BLOB PRIMARY KEY CHECK (length(documentId) = 16)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE unusedBlob (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            dueAt INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX unusedBlobDue ON unusedBlob(dueAt);
        CREATE TABLE tidiedStatus (
            uid INTEGER NOT NULL,
            inbox BLOB NOT NULL,
            upTo INTEGER NOT NULL,
            PRIMARY KEY (uid, inbox)
        ) STRICT, WITHOUT ROWID;
        """

    /// What a document was asked for before it went into the trash, or came out of it: the file that asked
    /// may have been left by a crash, and must not ask again.
    static let formerRequests = """
        ALTER TABLE document ADD COLUMN deletionFile TEXT;
        ALTER TABLE trash ADD COLUMN grantedFile TEXT;
        """

    /// The columns of `stage` and of `trashStage`, in one order.
    static let stageColumns = """
        documentId, name, position, isRequired, stageVersion, parameters, state, attempt,
        interruptions, startedAt, completedAt, nextAttemptAt, errorCode, errorMessage, errorDetail,
        seconds, resultId, isAnew
        """
}
