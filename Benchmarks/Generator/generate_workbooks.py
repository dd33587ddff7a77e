"""Writes large workbooks as Excel writes them, by the standard library alone: texts shared, numbers and dates by themselves."""
import random, struct, zipfile

SURNAMES, GIVEN = "김이박최정강조윤장임", "민서준지우현수연하은도윤예린시후"
DEPARTMENTS = ["개발팀", "인사팀", "영업1팀", "재무팀", "Marketing & Sales"]
HEADER = ["name", "email", "phone", "department", "position", "joined", "fee"]


def people(count):
    """Rows of participants, all of them good; the same for the same count. Days are Excel's numbers."""
    chance = random.Random(count)
    for number in range(count):
        yield [chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=2)), f"p{chance.randrange(10**7)}.{number}@example.com",
               f"010-{chance.randrange(10**4):04}-{chance.randrange(10**4):04}", chance.choice(DEPARTMENTS),
               chance.choice(["대리", "과장", "부장"]), 40000 + chance.randrange(6000), chance.randrange(10**6) / 4]


class Texts:
    """Each text once, by its number."""

    def __init__(self):
        self.numbers, self.uses = {}, 0

    def number(self, text):
        self.uses += 1
        return self.numbers.setdefault(text, len(self.numbers))


def xlsx(path, count):
    """A workbook of `count` rows and 7 columns."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    head, texts = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n', Texts()

    def cell(column, row, value):
        place = f"{'ABCDEFG'[column]}{row}"
        if isinstance(value, str):
            text = texts.number(value)
            return f'<c r="{place}" t="s"><v>{text}</v></c>'
        return f'<c r="{place}" s="1"><v>{value}</v></c>' if column == 5 else f'<c r="{place}"><v>{value!r}</v></c>'

    def relations(*parts):
        return head + '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' + "".join(
            f'<Relationship Id="r{n}" Type="{kinds}/{kind}" Target="{target}"/>' for n, (kind, target) in enumerate(parts)
        ) + "</Relationships>"

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{head}<worksheet {space}><dimension ref="A1:G{count + 1}"/><sheetData>'.encode())
            for row, values in enumerate([HEADER, *people(count)], 1):
                cells = "".join(cell(column, row, value) for column, value in enumerate(values))
                sheet.write(f'<row r="{row}" spans="1:7">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        items = "".join(f"<si><t>{text.replace('&', '&amp;')}</t></si>" for text in texts.numbers)
        book.writestr("xl/sharedStrings.xml", f'{head}<sst {space} count="{texts.uses}">{items}</sst>')
        book.writestr("xl/styles.xml", f'{head}<styleSheet {space}><cellXfs count="2"><xf numFmtId="0"/>'
                      '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>')
        book.writestr("xl/workbook.xml", f'{head}<workbook {space} xmlns:r="{kinds}"><sheets>'
                      '<sheet name="Sheet1" sheetId="1" r:id="r0"/></sheets></workbook>')
        book.writestr("xl/_rels/workbook.xml.rels", relations(
            ("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml"), ("styles", "styles.xml")))
        book.writestr("_rels/.rels", relations(("officeDocument", "xl/workbook.xml")))


def record(kind, body):
    return struct.pack("<HH", kind, len(body)) + body


def shared_texts(texts):
    """The table of texts, cut into records between characters as Excel does it."""
    pieces, piece = [], bytearray(struct.pack("<II", texts.uses, len(texts.numbers)))
    for text in texts.numbers:
        wide = not text.isascii()
        data, width = text.encode("utf-16-le" if wide else "latin-1"), 1 + wide
        if len(piece) + 3 + width > 8224:
            pieces.append(piece)
            piece = bytearray()
        piece += struct.pack("<HB", len(data) // width, wide)
        while data:
            room = (8224 - len(piece)) // width * width
            piece += data[:room]
            data = data[room:]
            if data:
                pieces.append(piece)
                piece = bytearray([wide])
    return b"".join(record(0x3C if number else 0xFC, bytes(piece)) for number, piece in enumerate([*pieces, piece]))


def container(stream):
    """One stream, Workbook, in sectors of 512 bytes."""
    stream += b"\0" * (-len(stream) % 512)
    data = len(stream) // 512
    tables = lists = 0
    while data + 1 + tables + lists > tables * 128:
        tables += 1
        lists = max(0, -(-(tables - 109) // 127))
    chain = [*range(1, data), 0xFFFFFFFE, 0xFFFFFFFE] + [0xFFFFFFFD] * tables + [0xFFFFFFFC] * lists
    chain += [0xFFFFFFFF] * (tables * 128 - len(chain))

    def entry(name, kind, child, start, length):
        units = name.encode("utf-16-le")
        return units.ljust(64, b"\0") + struct.pack(
            "<HBBIII36xIQ", len(units) + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, start, length)

    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 0, len(stream))
    places = [data + 1 + number for number in range(tables)]
    listed = b"".join(
        struct.pack("<128I", *(places[109 + 127 * n:236 + 127 * n] + [0xFFFFFFFF] * 127)[:127],
                    data + 1 + tables + n + 1 if n + 1 < lists else 0xFFFFFFFE) for n in range(lists))
    header = struct.pack("<8s16xHHHHH6xIIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"), 0x3E, 3, 0xFFFE, 9, 6, 0, tables, data,
                         0, 4096, 0xFFFFFFFE, 0, data + 1 + tables if lists else 0xFFFFFFFE, lists, places[0])
    header += struct.pack("<108I", *(places[1:109] + [0xFFFFFFFF] * 108)[:108])
    return header + stream + directory.ljust(512, b"\0") + struct.pack(f"<{len(chain)}I", *chain) + listed


def xls(path, count):
    """A workbook of `count` rows and the first 6 columns."""
    texts, cells = Texts(), bytearray()
    for row, values in enumerate([HEADER, *people(count)]):
        for column, value in enumerate(values[:6]):
            if isinstance(value, str):
                cells += record(0xFD, struct.pack("<HHHI", row, column, 0, texts.number(value)))
            else:
                cells += record(0x27E, struct.pack("<HHHI", row, column, 1, value << 2 | 2))
    begin, end = [record(0x809, struct.pack("<HHHHII", 0x600, kind, 0, 0, 0, 0)) for kind in (5, 0x10)], record(0x0A, b"")
    formats = b"".join(record(0xE0, struct.pack("<HH16x", 0, number)) for number in (0, 14))
    table, name = shared_texts(texts), "Sheet1"
    place = len(begin[0] + formats + table + end) + 4 + 8 + len(name)
    sheet = record(0x85, struct.pack("<IBBBB", place, 0, 0, len(name), 0) + name.encode())
    path.write_bytes(container(begin[0] + formats + sheet + table + end + begin[1] + bytes(cells) + end))
