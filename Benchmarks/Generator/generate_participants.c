// Writes a participants table to standard output, and what is true of it to standard error.
//
//     generate_participants ROWS [SEED] > people.csv
//
// Of the rows about 2 % are bad (no address, a broken one, a name of one letter) and 3 % repeat the
// key of a good row further up, some of them in capitals. Addresses are scattered, so that they come
// in no order of the key. The same rows and seed give the same bytes everywhere.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { good, repeated, without_address, broken_address, short_name };

static const char *const surnames[] = {"김", "이", "박", "최", "정", "강", "조", "윤", "장", "임"};
static const char *const syllables[] = {"민", "서", "지", "현", "우", "준", "수", "영", "은", "하",
                                        "진", "호", "연", "도", "아", "원", "재", "혜", "선", "태"};
static const char *const departments[] = {"개발팀",       "영업부", "\"연구, 개발\"",
                                          "Human Resources", "총무과", "\"QA \"\"second\"\" floor\""};
static const char *const positions[] = {"사원", "대리", "과장", "부장", "이사", ""};
static const char *const domains[] = {"example.com", "example.kr", "mail.example.org"};

static uint64_t seed;

/// A bijection of 64-bit numbers that leaves no order in them (the finalizer of splitmix64).
static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/// The chance of one purpose in one row.
static uint64_t chance(uint64_t row, uint64_t purpose) {
    return mix(mix(row + seed * 0x9e3779b97f4a7c15u) + purpose);
}

static enum kind kind_of(uint64_t row) {
    uint64_t share = chance(row, 1) % 1000;
    if (share < 7) return without_address;
    if (share < 14) return broken_address;
    if (share < 20) return short_name;
    // The first row has none above it that it could repeat.
    if (share < 50 && row > 0) return repeated;
    return good;
}

/// The row whose address a repeated row bears: the good one nearest above a random place.
static uint64_t original_of(uint64_t row) {
    uint64_t other = chance(row, 2) % row;
    while (other > 0 && kind_of(other) != good) other--;
    return other;
}

static void print_address(uint64_t row, int in_capitals) {
    // A row's number goes through a bijection: no two rows have the same address by chance.
    unsigned long long name = mix(row + seed);
    const char *domain = domains[name % 3];
    printf(in_capitals ? "U%016llX@%s" : "u%016llx@%s", name, domain);
}

int main(int count, char **arguments) {
    if (count < 2) {
        fprintf(stderr, "usage: generate_participants ROWS [SEED]\n");
        return 64;
    }
    uint64_t rows = strtoull(arguments[1], NULL, 10);
    seed = count > 2 ? strtoull(arguments[2], NULL, 10) : 1;
    uint64_t processed = 0, rejected = 0, duplicates = 0;

    printf("name,email,phone,department,position,joined,note\r\n");
    for (uint64_t row = 0; row < rows; row++) {
        // Were the first row bad, rows that fall back on it would repeat nothing.
        enum kind kind = row == 0 ? good : kind_of(row);
        uint64_t dice = chance(row, 3);
        const char *surname = surnames[dice % 10];
        if (kind == short_name) {
            printf("%s,", surname);
        } else if (dice % 16 == 0) {
            printf("\"%s, %s%s\",", surname, syllables[dice / 16 % 20], syllables[dice / 320 % 20]);
        } else {
            printf("%s%s%s,", surname, syllables[dice / 16 % 20], syllables[dice / 320 % 20]);
        }
        switch (kind) {
        case without_address: rejected++; break;
        case broken_address: printf("u%016llx.example.com", (unsigned long long)mix(row)); rejected++; break;
        case short_name: print_address(row, 0); rejected++; break;
        case repeated: print_address(original_of(row), dice % 2 == 0); duplicates++; break;
        case good: print_address(row, 0); processed++; break;
        }
        printf(",010-%04d-%04d,%s,%s,20%02d-%02d-%02d,%s\r\n", (int)(dice / 7 % 10000),
               (int)(dice / 70000 % 10000), departments[dice / 11 % 6], positions[dice / 13 % 6],
               (int)(dice / 17 % 25), (int)(dice / 19 % 12) + 1, (int)(dice / 23 % 28) + 1,
               dice / 29 % 8 == 0 ? "\"두 줄\n메모\"" : "");
    }
    fprintf(stderr, "processed=%llu rejected=%llu duplicates=%llu\n", (unsigned long long)processed,
            (unsigned long long)rejected, (unsigned long long)duplicates);
    return fflush(stdout) == 0 ? 0 : 74;
}
