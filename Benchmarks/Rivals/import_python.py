"""What people write themselves to import a table: Python's csv, sqlite3 and executemany.

    python3 import_python.py people.csv imports.sqlite3 rejects.csv tokens.csv

Makes the same rows, tokens, rejects and list of tokens as ingestd, in one transaction with the same pragmas.
"""
import base64, csv, hashlib, hmac, os, re, resource, sqlite3, sys

COLUMNS = ["name", "email", "phone", "department", "position"]
ADDRESS = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
KEY = os.urandom(32)
HEAD = bytes([1, 0xF1, 0x00, 0x12])


def token():
    signed = HEAD + os.urandom(16)
    return base64.urlsafe_b64encode(signed + hmac.digest(KEY, signed, "sha256")[:16]).decode()


def fault(name, email):
    if not name:
        return "name", "is missing"
    if len(name) < 2:
        return "name", "has fewer than 2 characters"
    if len(name) > 100:
        return "name", "has more than 100 characters"
    if not email:
        return "email", "is missing"
    return None if ADDRESS.fullmatch(email) else ("email", "is not an e-mail address")


def main(source, database, rejects, tokens):
    rejected = offered = 0

    def rows(records, places, refused):
        nonlocal rejected, offered
        for number, record in enumerate(records, 2):
            name, email, *rest = (record[place].strip() for place in places)
            wrong = fault(name, email)
            if wrong:
                rejected += 1
                refused.writerow([*record, number, *wrong])
            else:
                offered += 1
                yield name, email.lower(), *(value or None for value in rest), token(), number

    connection = sqlite3.connect(database, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
        "PRAGMA cache_size = -65536; BEGIN IMMEDIATE;"
        "CREATE TABLE import (id INTEGER PRIMARY KEY, document TEXT NOT NULL UNIQUE,"
        " processed_count INTEGER NOT NULL, error_count INTEGER NOT NULL);"
        "CREATE TABLE participants (collection TEXT NOT NULL, name TEXT NOT NULL, email TEXT NOT NULL, phone TEXT,"
        " department TEXT, position TEXT, token TEXT NOT NULL, import INTEGER NOT NULL, row INTEGER NOT NULL,"
        " PRIMARY KEY (collection, email)) WITHOUT ROWID")
    with open(source, newline="", encoding="utf-8-sig") as file, \
            open(rejects, "w", newline="", encoding="utf-8-sig") as refused:
        records = csv.reader(file)
        header = next(records)
        places = [header.index(column) for column in COLUMNS]
        writer = csv.writer(refused)
        writer.writerow([*header, "_row", "_field", "_message"])
        before = connection.total_changes
        connection.executemany(
            "INSERT OR IGNORE INTO participants (collection, name, email, phone, department, position, token, import,"
            " row) VALUES ('', ?, ?, ?, ?, ?, ?, 1, ?)", rows(records, places, writer))
        processed = connection.total_changes - before
    connection.execute("INSERT INTO import VALUES (1, 'document', ?, ?)", (processed, rejected))
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with open(tokens, "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file)
        writer.writerow(["email", "token"])
        writer.writerows(connection.execute("SELECT email, token FROM participants ORDER BY email"))
    connection.close()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(f"processed={processed} rejected={rejected} duplicates={offered - processed} "
          f"cpu_s={usage.ru_utime + usage.ru_stime:.3f}")


main(*sys.argv[1:])
