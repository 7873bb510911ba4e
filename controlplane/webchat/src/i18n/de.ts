/** German. */

import type { Words } from "./en";

export const de: Words = {
  product: "Threadplane",
  account: {
    signIn: "Anmelden", signUp: "Konto anlegen", signOut: "Abmelden", email: "E-Mail", password: "Passwort",
    welcome: "Willkommen zurück", start: "Lege dein Konto an", noAccount: "Noch kein Konto?", haveAccount: "Schon ein Konto?",
    invitation: "Einladungscode", verifyTitle: "Sieh in deine E-Mails", verifyHint: "Wir haben einen Code an {{email}} geschickt.",
    code: "Code", confirm: "Bestätigen", secondFactor: "Anmeldung in zwei Schritten", secondFactorHint: "Gib den Code deiner Authenticator-App ein.",
    back: "Zurück zur Anmeldung",
  },
  sessions: {
    new: "Neuer Chat", search: "Chats durchsuchen", list: "Chats", empty: "Noch keine Chats. Beginne unten einen.", nothingFound: "Nichts gefunden zu „{{search}}“.",
    archived: "Archiv", current: "Chats", pin: "Anheften", unpin: "Lösen", archive: "Archivieren", restore: "Zurückholen", rename: "Umbenennen", delete: "Löschen",
    confirmDelete: "„{{title}}“ endgültig löschen?", more: "Aktionen für {{title}}", running: "Antwortet", pinned: "Angeheftet", open: "Chats zeigen", close: "Chats verbergen",
    loadMore: "Weitere Chats werden geladen", name: "Neuer Name",
  },
  chat: {
    greeting: "Womit kann ich helfen?", placeholder: "Nachricht an Threadplane", send: "Senden", stop: "Antwort anhalten", edit: "Nachricht bearbeiten",
    saveEdit: "Senden", cancel: "Abbrechen", regenerate: "Neu beantworten", copy: "Kopieren", copied: "Kopiert", retry: "Noch einmal", thinking: "Denkt nach",
    reasoning: "Überlegung", versions: "Fassung {{n}} von {{total}}", previousVersion: "Vorige Fassung", nextVersion: "Nächste Fassung",
    conversation: "Unterhaltung", you: "Du sagtest", assistant: "Antwort", tool: "{{name}} benutzt", toolRunning: "{{name}} läuft …", toolAsked: "Möchte {{name}} benutzen", toolFailed: "{{name}} ist gescheitert",
    arguments: "Argumente", result: "Ergebnis", sources: "Quellen", page: "S. {{page}}", tokens: "{{count}} Token", cost: "{{tokens}} Token · {{cost}} $",
    model: "Modell", earlier: "Frühere Nachrichten laden", toEnd: "Zur neuesten Nachricht", branch: "Du siehst einen anderen Zweig.", newest: "Zurück zum neuesten",
    passage: "Stelle aus {{title}}", noPassage: "Das Dokument gibt es nicht mehr.", disclaimer: "Antworten können falsch sein. Prüfe, worauf es ankommt.", copyCode: "Code kopieren",
  },
  approval: {
    title: "Darf {{name}} laufen?", hint: "Die Antwort wartet auf deine Entscheidung. Bis {{until}}.", approve: "Erlauben", reject: "Ablehnen", edit: "Argumente ändern",
    reason: "Warum nicht? (freiwillig)", invalid: "Das ist kein JSON-Objekt.",
  },
  feedback: {
    good: "Gute Antwort", bad: "Schlechte Antwort", why: "Was war falsch?", send: "Rückmeldung senden", thanks: "Danke", details: "Einzelheiten (freiwillig)",
    inaccurate: "Nicht richtig", incomplete: "Unvollständig", unclear: "Unklar", off_topic: "Am Thema vorbei", too_long: "Zu lang", too_slow: "Zu langsam",
  },
  theme: { label: "Aussehen", light: "Hell", dark: "Dunkel", system: "System" },
  language: "Sprache",
  close: "Schließen",
  loading: "Lädt",
  problem: {
    unknown: "Etwas ist schiefgegangen. Bitte versuche es noch einmal.", unreachable: "Der Server ist nicht erreichbar. Prüfe deine Verbindung und versuche es noch einmal.",
    limit_reached: "Dein Kontingent ist aufgebraucht ({{which}}). Es beginnt neu {{resets}}.", model_unreachable: "Das Modell ist gerade nicht erreichbar.",
    model_timed_out: "Das Modell hat zu lange gebraucht.", model_rate_limited: "Das Modell ist ausgelastet. Versuche es gleich noch einmal.", model_failed: "Das Modell konnte nicht antworten.",
    model_refused: "Das Modell hat die Anfrage abgelehnt.", run_failed: "Die Antwort ist gescheitert.", conflict: "In diesem Chat wird noch geantwortet.",
    thread_not_found: "Diesen Chat gibt es nicht, oder er gehört dir nicht.", thread_deleted: "Dieser Chat wurde gelöscht.", session_archived: "Dieser Chat ist archiviert. Hole ihn zurück, um weiterzumachen.",
    not_found: "Diesen Chat gibt es nicht, oder er gehört dir nicht.", email_password_mismatch: "E-Mail oder Passwort ist falsch.", throttled: "Zu viele Versuche. Warte einen Moment und versuche es noch einmal.",
    control_plane_unreachable: "Der Dienst startet gerade neu. Versuche es gleich noch einmal.",
  },
};
