/** A button that shows an icon and says its label to those who cannot see it. */

import type { ButtonHTMLAttributes } from "react";

import { Icon, type IconName } from "./icon";

type Given = ButtonHTMLAttributes<HTMLButtonElement> & { icon: IconName; label: string };

export const IconButton = ({ icon, label, className = "", ...rest }: Given) => (
  <button type="button" className={`icon-button ${className}`} aria-label={label} title={label} {...rest}>
    <Icon name={icon} />
  </button>
);
