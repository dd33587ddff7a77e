// The attacks that race the daemon, by name.
#ifndef RACES_H
#define RACES_H

struct race {
    const char *name;
    // Runs until the time is over; `words` are the names that it was given, up to a NULL.
    void (*run)(char **words);
};

// Ends with one that has no name.
extern const struct race races[];

void swap_file(char **words);
void swap_folder(char **words);
void swap_output(char **words);
void storm(char **words);
void truncate_read(char **words);
void append(char **words);
void hold_lease(char **words);
void rename_newer(char **words);
void rewrite(char **words);
void move_inbox(char **words);

#endif
