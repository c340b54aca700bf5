// SPDX-License-Identifier: MIT
#include "backend/cuda/tuner.h"

#include "backend/cuda/choices.h"
#include "backend/cuda/trial.h"
#include "base/alloc.h"
#include "base/clock.h"

#include <pthread.h>
#include <string.h>

/* Many candidates are looked at briefly; the best of them then meets the built-in rule's choice, in turns. Of programs that take
 * long only the neighbours of a launch run with it. */
enum { ALL_AROUND = 200, NEAR = 3, MOST_REPEATS = 20, LOOKS = 3, LEAST_ROUNDS = 3 };
static const double LOOK_SECONDS = 250e-6,
                    WHOLE_SECONDS = 3e-3; /* programs that take no longer run as a whole: at a look, in a duel */
static const double ROUND_SECONDS = 500e-6, DUEL_SECONDS = 40e-3; /* a round of a look; all rounds of a choice in its duel */
static const double WORTH = 0.998;                                /* of what runs together, for a choice that is not the rule's */

void fov_tuner_begin(fov_place *place)
{
    place->tune_until = place->options.tune_seconds > 0 ? fov_clock_s() + place->options.tune_seconds : 0;
}

void fov_tuner_end(fov_place *place)
{
    if (place->tune_until > 0) fov_choices_save(place->device);
    place->tune_until = 0;
}

bool fov_tuner_is_on(const fov_place *place)
{
    return place->tune_until > 0;
}

/* ---------------------------------------------------------------- choosing */

/* What fov_tuner_choose() is given. */
typedef struct way {
    const char         *step;
    fov_candidate_make *make;
    void               *context;
    int                 count;
} way;

static fov_status find_remembered(const way *w, const char *name, int *choice, fov_error *err)
{
    fov_candidate candidate;
    fov_status    st = FOV_OK;
    for (int i = 0; i < w->count && !st; i++) {
        st = w->make(w->context, i, &candidate, err);
        if (st || strcmp(candidate.name, name) != 0) continue;
        *choice = i;
        break;
    }
    return st;
}

static fov_status begin(const fov_recorder *recorder, const way *w, int index, int most, int repeats, fov_trial *trial,
                        fov_error *err)
{
    fov_candidate candidate;
    *trial = (fov_trial){.place = fov_recorder_place(recorder)};
    fov_status st = w->make(w->context, index, &candidate, err);
    if (!st) st = fov_trial_begin(recorder, &candidate.launch, most, repeats, trial, err);
    return st ? st : fov_trial_round(trial, false, err);
}

/* @param seconds out: of the candidate and what runs with it */
static fov_status look(const fov_recorder *recorder, const way *w, int index, int most, int repeats, double *seconds,
                       fov_error *err)
{
    fov_trial  trial;
    fov_status st = begin(recorder, w, index, most, repeats, &trial, err);
    for (int i = 0; i < (repeats > 1 ? LOOKS : 1) && !st; i++) st = fov_trial_round(&trial, true, err);
    if (!st) *seconds = fov_trial_median(&trial);
    fov_trial_end(&trial);
    return st;
}

static int repeats_of(double seconds)
{
    const double fitting = ROUND_SECONDS / (seconds > 0 ? seconds : ROUND_SECONDS);
    return fitting < 1 ? 1 : fitting > MOST_REPEATS ? MOST_REPEATS : (int)fitting;
}

/* Slow ones differ by more than chance sooner. */
static int rounds_of(const fov_trial *trial)
{
    const double fitting = trial->rounds ? DUEL_SECONDS / trial->seconds[0] : FOV_TRIAL_ROUNDS;
    return fitting < LEAST_ROUNDS ? LEAST_ROUNDS : fitting > FOV_TRIAL_ROUNDS ? FOV_TRIAL_ROUNDS : (int)fitting;
}

static fov_status duel(const fov_recorder *recorder, const way *w, int rule, int other, int most, bool *wins, fov_error *err)
{
    fov_trial  a, b = {.place = fov_recorder_place(recorder)};
    fov_status st = begin(recorder, w, rule, most, 1, &a, err);
    if (!st) st = begin(recorder, w, other, most, 1, &b, err);
    for (int i = 0; i < rounds_of(&a) && !st; i++) {
        st = fov_trial_round(&a, true, err);
        if (!st) st = fov_trial_round(&b, true, err);
    }
    if (!st) *wins = fov_trial_median(&b) < WORTH * fov_trial_median(&a);
    fov_trial_end(&a);
    fov_trial_end(&b);
    return st;
}

/* @param fastest out: -1: there was no time to look at all, and the best of the first ones is no answer */
static fov_status look_at_all(const fov_recorder *recorder, const way *w, int rule, double whole, int *fastest, fov_error *err)
{
    const int  most = whole > LOOK_SECONDS ? NEAR : ALL_AROUND;
    double     least = 0, seconds = 0;
    fov_status st = look(recorder, w, rule, most, 1, &seconds, err);
    const int  repeats = repeats_of(seconds);
    *fastest = -1;
    for (int i = 0; i < w->count && !st; i++) {
        if (fov_clock_s() > fov_recorder_place(recorder)->tune_until) {
            *fastest = -1;
            return FOV_OK;
        }
        st = look(recorder, w, i, most, repeats, &seconds, err);
        if (st || (*fastest >= 0 && seconds >= least)) continue;
        least = seconds;
        *fastest = i;
    }
    return st;
}

static fov_status remember(const fov_recorder *recorder, const way *w, int choice, fov_error *err)
{
    fov_candidate candidate;
    fov_status    st = w->make(w->context, choice, &candidate, err);
    if (!st) fov_choices_put(fov_recorder_device(recorder), w->step, candidate.name);
    return st;
}

static fov_status measure(const fov_recorder *recorder, const way *w, int *choice, fov_error *err)
{
    double     whole = 0;
    bool       wins = false;
    int        fastest = -1;
    fov_status st = look(recorder, w, *choice, ALL_AROUND, 1, &whole, err);
    if (!st) st = look_at_all(recorder, w, *choice, whole, &fastest, err);
    if (st || fastest < 0) return st;
    if (fastest != *choice) st = duel(recorder, w, *choice, fastest, whole > WHOLE_SECONDS ? NEAR : ALL_AROUND, &wins, err);
    if (wins) *choice = fastest;
    return st ? st : remember(recorder, w, *choice, err);
}

static fov_status choose(const fov_recorder *recorder, const way *w, int *choice, fov_error *err)
{
    char name[sizeof((fov_candidate *)0)->name];
    if (fov_choices_find(fov_recorder_device(recorder), w->step, name, sizeof name)) return find_remembered(w, name, choice, err);
    return measure(recorder, w, choice, err);
}

/* Where in which program comes first: what else runs there matters as much. */
static char *whole_name(const fov_recorder *recorder, fov_text *step)
{
    fov_text name = {0};
    fov_recorder_step(recorder, &name);
    if (step->data) fov_text_add(&name, step->data, step->size);
    if (step->failed) fov_text_clear(&name);
    return name.data ? fov_text_take(&name) : NULL;
}

fov_status fov_tuner_choose(const fov_recorder *recorder, fov_text *step, fov_candidate_make *make, void *context, int count,
                            int *choice, fov_error *err)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; /* so that what is measured is alone, of this process */
    fov_status             st = FOV_OK;
    if (fov_tuner_is_on(fov_recorder_place(recorder)) && count > 1) {
        char     *name = whole_name(recorder, step);
        const way w = {name, make, context, count};
        pthread_mutex_lock(&one_at_a_time);
        st = name ? choose(recorder, &w, choice, err) : fov_fail_memory(err, "the name of a step");
        pthread_mutex_unlock(&one_at_a_time);
        fov_free(name);
    }
    fov_text_clear(step);
    return st;
}
