/** The icons, drawn on a grid of 24; always beside a label of their button. */

const PATHS = {
  plus: "M12 5v14M5 12h14",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  send: "M12 19V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  copy: "M9 9h10v11H9zM5 15V4h10",
  check: "M5 13l5 5L19 7",
  edit: "M4 20h4L19 9l-4-4L4 16zM13 7l4 4",
  redo: "M20 11a8 8 0 1 0-2 6M20 5v6h-6",
  left: "M14 6l-6 6 6 6",
  right: "M10 6l6 6-6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  up: "M7 11v9H4v-9zM7 11l4-7c2 0 2.5 1.5 2 3l-.6 3H19c1.500 0 2 1 1.700 2.300l-1.500 6C19 19.500 18 20 17 20H7",
  thumbDown: "M17 13V4h3v9zM17 13l-4 7c-2 0-2.500-1.500-2-3l.6-3H5c-1.500 0-2-1-1.700-2.300l1.500-6C5 4.500 6 4 7 4h10",
  prompt: "M4 6h16M4 11h16M4 16h7M17.500 14v6M14.500 17h6",
  tag: "M4 4h8l8 8-8 8-8-8zM8 8h.01",
  dots: "M5 12h.01M12 12h.01M19 12h.01",
  pin: "M9 4h6l-1 6 4 4H6l4-4zM12 14v6",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16.500 16.500L21 21",
  tool: "M14 6a4 4 0 0 0 5 5l-9 9-4-4 9-9z",
  shield: "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z",
  book: "M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3z",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  trash: "M5 7h14M10 11v6M14 11v6M7 7l1 13h8l1-13M9 7V4h6v3",
  upload: "M12 16V5M7 10l5-5 5 5M5 19h14",
  chart: "M5 20V11M12 20V4M19 20v-6",
  clip: "M19 11l-8 8a4 4 0 0 1-6-6l8-8a3 3 0 0 1 4 4l-8 8a1 1 0 0 1-2-2l7-7",
  user: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4 21c0-4 3.500-6 8-6s8 2 8 6",
};

export type IconName = keyof typeof PATHS;

export const Icon = ({ name }: { name: IconName }) => (
  <svg className="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
);
