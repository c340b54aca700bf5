// SPDX-License-Identifier: MIT
#include "track/kalman.h"

fov_kalman fov_kalman_first(double x, const fov_motion *m)
{
    return (fov_kalman){.x = x, .xx = m->measured, .vv = m->velocity};
}

fov_kalman fov_kalman_predict(const fov_kalman *k, double dt, const fov_motion *m)
{
    const double q = m->restless;
    return (fov_kalman){.x = k->x + dt * k->v,
                        .v = k->v,
                        .xx = k->xx + dt * (2 * k->xv + dt * k->vv) + q * dt * dt * dt / 3,
                        .xv = k->xv + dt * k->vv + q * dt * dt / 2,
                        .vv = k->vv + q * dt};
}

fov_kalman fov_kalman_update(const fov_kalman *k, double x, const fov_motion *m)
{
    const double sum = k->xx + m->measured, gain_x = k->xx / sum, gain_v = k->xv / sum, wrong = x - k->x;
    return (fov_kalman){.x = k->x + gain_x * wrong,
                        .v = k->v + gain_v * wrong,
                        .xx = (1 - gain_x) * k->xx,
                        .xv = (1 - gain_x) * k->xv,
                        .vv = k->vv - gain_v * k->xv};
}

/* C = P F' / P', both symmetric; x += C (x_after - x'), P += C (P_after - P') C'. */
fov_kalman fov_kalman_smooth(const fov_kalman *f, const fov_kalman *after, double dt, const fov_motion *m)
{
    const fov_kalman p = fov_kalman_predict(f, dt, m);
    const double     determinant = p.xx * p.vv - p.xv * p.xv;
    const double     a = f->xx + dt * f->xv, b = f->xv, c = f->xv + dt * f->vv, d = f->vv; /* P F' */
    const double     xx = (a * p.vv - b * p.xv) / determinant, xv = (b * p.xx - a * p.xv) / determinant;
    const double     vx = (c * p.vv - d * p.xv) / determinant, vv = (d * p.xx - c * p.xv) / determinant;
    const double     dx = after->x - p.x, dv = after->v - p.v;
    const double     exx = after->xx - p.xx, exv = after->xv - p.xv, evv = after->vv - p.vv;
    return (fov_kalman){.x = f->x + xx * dx + xv * dv,
                        .v = f->v + vx * dx + vv * dv,
                        .xx = f->xx + xx * xx * exx + 2 * xx * xv * exv + xv * xv * evv,
                        .xv = f->xv + xx * vx * exx + (xx * vv + xv * vx) * exv + xv * vv * evv,
                        .vv = f->vv + vx * vx * exx + 2 * vx * vv * exv + vv * vv * evv};
}
