"""The doors: HTTP and the command line. Translates; never decides. The modules, in the order a request meets them.

1. The house: `service` puts the parts together, `house` hangs the doors, `server` and `queue` bound what comes in;
   `telemetry`, `trace`, `logs`, `metrics` and `health` tell how it goes. Beside the requests, `background` runs what
   seals, signs, follows, compares and bills, and each `*_watch` says of one of them how far it is.
2. The door: `door` recognises the caller (`tokens`, `signatures`, `issuers`, `introspection`, `keys`, `refreshed`,
   `development`), holds them against `authorisation`, and reads what was sent (`body`, `fields`, `cursors`, `once`).
   What goes wrong becomes a problem (`problems`, `handlers`).
3. The office: `office` runs a command or asks a question (`asking`), with `clock`, `attempts` and, where the vault is
   touched, `sealing`; `known_at` asks the same of an instant. `refusals` and `answers` say what it came to, in the form
   `negotiation` finds was wanted, `access` who read it.
4. The resources, a noun each: `me`, `children`, `calendar`, `demandes`, `history`, `decisions`, `formalities`,
   `quotients`; `households`, `guardians`, `custody`, `people`, `documents`, `family_keys`, `activations`, `reads`,
   `erasures` (with `erasure_proposal`); `family_history`, which `telling` reads and tells; `town`, `opening`,
   `attendance`; `feed` and `checkpoints`, as it is sealed. In `billing/`, the régie: `months` (with `drafting`),
   `lines`, `titres` and `why`, shown by `shown` from the facts `facts` finds again; `prices` (with `families`,
   `pricing`, `demande_prices` and `simulated`), which tells what days would cost; `payers` (accounts and payments),
   `mandates` and `collections`, whose file `collecting` gathers and `pain008` writes.
5. The bodies they read: `*_bodies`.
6. What /openapi.json says of it all: `schemas*`, `examples*`, `openapi*`.
7. What people read: `french*`, and `history_words`, which calls things as the rulebook of the day did.
8. The command line: `cli`, `cli_*` and `rulebooks`, which open the ledger with `running`; `export_*` is a family's own
   file, `known_then` and `past_page` what was known at an instant and how it is printed, and `demo` a town to look at.
"""
